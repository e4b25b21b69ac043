using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

public sealed class InClusterConfigTests : IDisposable
{
    private readonly TemporaryFolder _account = new();
    private readonly TestAuthority _authority = new();
    private readonly Dictionary<string, string> _environment = new() { ["KUBERNETES_SERVICE_HOST"] = "localhost", ["KUBERNETES_SERVICE_PORT"] = "443" };

    public InClusterConfigTests()
    {
        _account.Write("token", "pod-token\n");
        _account.Write("ca.crt", _authority.Pem);
    }

    public void Dispose() => _account.Dispose();

    [Fact]
    public async Task A_pod_speaks_to_the_API_with_what_is_mounted_into_it()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));
        _environment["KUBERNETES_SERVICE_PORT"] = $"{server.Port}";
        using var client = Pod().Connect().CreateClient();

        await client.GetStringAsync("version");

        Assert.Equal("Bearer pod-token", Assert.Single(server.Visits).Authorization);
    }

    [Theory]
    [InlineData("10.96.0.1", "https://10.96.0.1:6443/")]
    [InlineData("fd00::1", "https://[fd00::1]:6443/")]
    [InlineData("kubernetes.default.svc", "https://kubernetes.default.svc:6443/")]
    public void The_address_may_be_of_any_kind(string host, string server)
    {
        _environment["KUBERNETES_SERVICE_HOST"] = host;
        _environment["KUBERNETES_SERVICE_PORT"] = "6443";

        Assert.Equal(server, Pod().Connect().Server.ToString());
    }

    [Fact]
    public void The_namespace_is_that_of_the_variable_else_of_the_file_else_the_default()
    {
        Assert.Equal("default", Pod().Connect().Namespace);
        _account.Write("namespace", "from-file\n");
        Assert.Equal("from-file", Pod().Connect().Namespace);
        _environment["POD_NAMESPACE"] = "from-variable";
        Assert.Equal("from-variable", Pod().Connect().Namespace);
    }

    [Fact]
    public void A_process_outside_a_pod_knows_that_it_is()
    {
        Assert.True(Pod().IsHere);
        _environment.Remove("KUBERNETES_SERVICE_HOST");
        Assert.False(Pod().IsHere);
    }

    [Fact]
    public void What_is_not_mounted_is_named()
    {
        File.Delete(_account["ca.crt"]);
        Assert.Equal($"service account CA {_account["ca.crt"]} cannot be read: no such file", Complaint());
        _account.Write("ca.crt", _authority.Pem);
        File.Delete(_account["token"]);
        Assert.Equal($"service account token {_account["token"]} cannot be read: no such file", Complaint());
    }

    [Fact]
    public void An_address_that_is_none_is_shown()
    {
        _environment["KUBERNETES_SERVICE_PORT"] = "tcp://10.0.0.1:443";
        Assert.Equal("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name no address: \"localhost\", \"tcp://10.0.0.1:443\"", Complaint());
    }

    private InClusterConfig Pod() => new(_environment.GetValueOrDefault, TimeProvider.System, new LogCapture(), _account.Path);

    private string Complaint() => Assert.Throws<SettingsException>(() => Pod().Connect()).Message;
}
