using System.Diagnostics;
using System.Text.Json;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

public sealed class ExecPluginTests : IDisposable
{
    private const string V1 = "client.authentication.k8s.io/v1";

    private readonly TemporaryFolder _folder = new();
    private readonly TestTime _clock = new();
    private readonly TestAuthority _authority = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("client.authentication.k8s.io/v1")]
    [InlineData("client.authentication.k8s.io/v1beta1")]
    public async Task A_plugin_is_run_with_its_arguments_and_variables_for_a_token(string version)
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));
        _folder.WriteScript("plugin", Granting("%s-%s-%s", "$1 ${#2} $REGION", version));
        using var client = Open($"https://localhost:{server.Port}", version, "./plugin", "args: [get, 'a b']\nenv: [{name: REGION, value: us}, {name: REGION, value: eu}]", Trust).CreateClient();

        await client.GetStringAsync("version");

        Assert.Equal("Bearer get-3-eu", Assert.Single(server.Visits).Authorization);
    }

    [Fact]
    public async Task A_plugin_is_found_on_the_search_path()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));
        _folder.WriteScript("bin/plugin", Granting("found"));
        using var client = Open($"https://localhost:{server.Port}", V1, "plugin", cluster: Trust).CreateClient();

        await client.GetStringAsync("version");

        Assert.Equal("Bearer found", Assert.Single(server.Visits).Authorization);
    }

    [Fact]
    public async Task A_plugin_may_grant_a_client_certificate()
    {
        var authority = new TestAuthority();
        var me = authority.Issue("me");
        await using var server = await TestServer.StartAsync(authority.Issue("server", "localhost"));
        var answer = JsonSerializer.Serialize(new { apiVersion = V1, kind = "ExecCredential", status = new { clientCertificateData = me.ExportCertificatePem(), clientKeyData = me.KeyPem() } });
        _folder.WriteScript("plugin", $"cat {_folder.Write("answer", answer)}");
        using var client = Open($"https://localhost:{server.Port}", V1, "./plugin", cluster: $"certificate-authority: {_folder.Write("ca.crt", authority.Pem)}").CreateClient();

        await client.GetStringAsync("version");

        Assert.Equal("CN=me", Assert.Single(server.Visits).ClientCertificate);
    }

    [Fact]
    public async Task A_plugin_receives_the_cluster_information_if_it_requests_it()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));
        _folder.WriteScript("plugin", $"printf %s \"$KUBERNETES_EXEC_INFO\" > {_folder["told"]}; {Granting("t")}");

        foreach (var asks in (string[])["true", "false"])
        {
            using var client = Open($"https://localhost:{server.Port}", V1, "./plugin", $"provideClusterInfo: {asks}", "insecure-skip-tls-verify: true\ntls-server-name: k").CreateClient();
            await client.GetStringAsync("version");
            var cluster = asks == "true" ? $",\"cluster\":{{\"server\":\"https://localhost:{server.Port}\",\"tls-server-name\":\"k\",\"insecure-skip-tls-verify\":true}}" : "";
            Assert.Equal($"{{\"apiVersion\":\"{V1}\",\"kind\":\"ExecCredential\",\"spec\":{{\"interactive\":false{cluster}}}}}", await File.ReadAllTextAsync(_folder["told"]));
        }
    }

    [Fact]
    public async Task A_credential_is_kept_until_shortly_before_its_end()
    {
        using var credentials = Credentials(Counting($"\"expirationTimestamp\":\"{_clock.GetUtcNow().AddHours(1):O}\","));

        Assert.Equal("1", await TokenAsync(credentials));
        _clock.Advance(TimeSpan.FromMinutes(58));
        Assert.Equal("1", await TokenAsync(credentials));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("2", await TokenAsync(credentials));
    }

    [Fact]
    public async Task A_credential_without_an_end_is_kept_until_it_is_refused()
    {
        using var credentials = Credentials(Counting(""));

        var first = await credentials.CurrentAsync(null, default);
        _clock.Advance(TimeSpan.FromDays(365));
        Assert.Same(first, await credentials.CurrentAsync(null, default));
        Assert.Equal("2", (await credentials.CurrentAsync(first, default)).Header?.Parameter);
    }

    [Fact]
    public async Task Many_refusals_at_once_run_the_plugin_once()
    {
        using var credentials = Credentials(Counting(""));
        var first = await credentials.CurrentAsync(null, default);

        var fresh = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => credentials.CurrentAsync(first, default).AsTask()));

        Assert.All(fresh, credential => Assert.Equal("2", credential.Header?.Parameter));
    }

    [Fact]
    public async Task A_plugin_that_needs_longer_than_a_request_goes_on_and_a_later_request_finds_what_it_granted()
    {
        using var credentials = Credentials($"echo run >> {_folder["runs"]}; mkfifo {_folder["fifo"]} 2>/dev/null; read go < {_folder["fifo"]}; echo '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"slow\"}}}}'");
        using var request = new CancellationTokenSource();
        var first = credentials.CurrentAsync(null, request.Token).AsTask();
        await request.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        var second = credentials.CurrentAsync(null, default).AsTask();
        for (var deadline = Deadline.Soon(); !File.Exists(_folder["fifo"]); deadline.ThrowIfCancellationRequested())
        {
            await Task.Yield();
        }

        await File.WriteAllTextAsync(_folder["fifo"], "go\n");
        Assert.Equal("slow", (await second).Header?.Parameter);
        Assert.Single(await File.ReadAllLinesAsync(_folder["runs"]));
    }

    [Theory]
    [InlineData("echo 'please log in' >&2; echo '  first' >&2; exit 3", "failed with exit code 3: please log in first")]
    [InlineData("exit 1", "failed with exit code 1")]
    [InlineData("echo hello", "answered with something that is no ExecCredential in JSON")]
    [InlineData("echo '{}'", "answered without an ExecCredential that has a status")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t\"}}'", "answered in client.authentication.k8s.io/v1beta1, and was asked in client.authentication.k8s.io/v1")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{}}'", "answered with neither a token nor a client certificate")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"clientKeyData\":\"k\"}}'", "answered with half a key pair")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"a b\"}}'", "answered badly: its token holds characters that no token has")]
    public async Task A_plugin_that_grants_nothing_is_a_failed_request_of_one_line(string script, string complaint)
    {
        using var credentials = Credentials(script);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => TokenAsync(credentials));

        Assert.Equal($"plugin {_folder["plugin"]} {complaint}", failure.Message);
    }

    [Fact]
    public async Task A_plugin_that_hangs_is_given_up_and_ended()
    {
        var plugin = Plugin($"echo $$ > {_folder["pid"]}; mkfifo {_folder["fifo"]}; read forever < {_folder["fifo"]}") with { Patience = TimeSpan.FromSeconds(1) };

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => plugin.RunAsync(default));

        Assert.Equal($"plugin {_folder["plugin"]} did not finish within 1 s", failure.Message);
        await AssertEndedAsync(int.Parse(await File.ReadAllTextAsync(_folder["pid"]), null));
    }

    [Fact]
    public async Task A_plugin_that_is_no_program_is_a_failed_request()
    {
        var plugin = new ExecPlugin("plugin", _folder.Write("text", "hello"), V1);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => plugin.RunAsync(default));

        Assert.Equal($"plugin {_folder["text"]} cannot be started: Permission denied", failure.Message);
    }

    /// <summary>A script that grants a token, made with the shell's printf.</summary>
    private static string Granting(string format, string arguments = "", string version = V1, string expiry = "") =>
        $"printf '{{\"apiVersion\":\"{version}\",\"kind\":\"ExecCredential\",\"status\":{{{expiry}\"token\":\"{format}\"}}}}' {arguments}";

    private static async Task<string?> TokenAsync(PluginCredentials credentials) => (await credentials.CurrentAsync(null, default)).Header?.Parameter;

    private static async Task AssertEndedAsync(int id)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            using var process = Process.GetProcessById(id);
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (ArgumentException)
        {
            // It is gone already, so there is no process of that number.
        }
    }

    /// <summary>A plugin whose token is the number of times that it ran.</summary>
    private string Counting(string expiry) => $"echo x >> {_folder["runs"]}; {Granting("%d", $"$(wc -l < {_folder["runs"]})", expiry: expiry)}";

    private ExecPlugin Plugin(string script) => new("plugin", _folder.WriteScript("plugin", script), V1);

    private PluginCredentials Credentials(string script) => new(Plugin(script), _clock);

    private string Trust => $"certificate-authority-data: {KubeConfigText.Base64(_authority.Pem)}";

    private KubernetesConnection Open(string server, string version, string command, string more = "", string cluster = "")
    {
        var lines = string.Join('\n', more.Split('\n').Select(line => $"  {line}"));
        var path = _folder.Write("config", KubeConfigText.Of(server, cluster, $"exec:\n  apiVersion: {version}\n  command: {command}\n{lines}"));
        return KubernetesConnection.Open(path, name => name == "PATH" ? $"/nowhere:{_folder["bin"]}" : null, _clock, new LogCapture());
    }
}
