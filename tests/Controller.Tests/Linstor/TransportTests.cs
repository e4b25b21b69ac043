using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class TransportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _root = new();
    private readonly LogCapture _log = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_server_of_the_configured_authority_is_trusted()
    {
        await using var server = Server("localhost");
        using var client = new LinstorFixture(Settings(server, ("LS_ROOT_CA", _root.Pem)));
        Assert.Equal("1.34.0", await client.Linstor.VersionAsync(default));
    }

    [Fact]
    public async Task A_server_of_another_authority_is_not_trusted()
    {
        var other = new TestAuthority("other");
        await using var server = Server("localhost");
        using var client = new LinstorFixture(Settings(server, ("LS_ROOT_CA", other.Pem)));

        Assert.Contains("certificate", (await client.FailureAsync()).Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_rotated_authority_is_trusted_without_a_restart()
    {
        await using var server = Server("localhost");
        using var client = new LinstorFixture(Settings(server, ("LS_ROOT_CA_FILE", _folder.Write("ca.crt", new TestAuthority("old").Pem))));
        await client.FailureAsync();

        _folder.Write("ca.crt", _root.Pem);

        Assert.Equal("1.34.0", await client.Linstor.VersionAsync(default));
    }

    [Fact]
    public async Task An_authority_that_is_gone_is_a_failure_that_names_its_file()
    {
        await using var server = Server("localhost");
        using var client = new LinstorFixture(Settings(server, ("LS_ROOT_CA_FILE", _folder.Write("ca.crt", _root.Pem))));
        File.Delete(_folder["ca.crt"]);

        var failure = await client.FailureAsync();

        Assert.Equal(LinstorFailure.Unreachable, failure.Failure);
        Assert.EndsWith($"LS_ROOT_CA_FILE {_folder["ca.crt"]} cannot be read: no such file.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_host_name_is_checked_although_the_authority_is_right()
    {
        await using var server = Server("elsewhere");
        using var client = new LinstorFixture(Settings(server, ("LS_ROOT_CA", _root.Pem)));

        Assert.Contains("RemoteCertificateNameMismatch", (await client.FailureAsync()).Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_rotated_client_certificate_is_presented_without_a_restart()
    {
        var (first, second) = (_root.Issue("first"), _root.Issue("second"));
        var files = (Certificate: _folder.Write("tls.crt", first.ExportCertificatePem()), Key: _folder.Write("tls.key", first.KeyPem()));
        await using var server = Server("localhost", askForClient: true);
        using var client = new LinstorFixture(Settings(server, ("LS_ROOT_CA", _root.Pem), ("LS_USER_CERTIFICATE_FILE", files.Certificate), ("LS_USER_KEY_FILE", files.Key)));

        await client.Linstor.VersionAsync(default);
        _folder.Write("tls.crt", second.ExportCertificatePem());
        _folder.Write("tls.key", second.KeyPem());
        await client.Linstor.VersionAsync(default);

        Assert.Equal(["CN=first", "CN=second"], server.Requests.Select(request => request.Client!.Subject));
    }

    [Fact]
    public async Task Half_way_through_a_rotation_the_old_certificate_is_presented()
    {
        var (first, second) = (_root.Issue("first"), _root.Issue("second"));
        var files = (Certificate: _folder.Write("tls.crt", first.ExportCertificatePem()), Key: _folder.Write("tls.key", first.KeyPem()));
        await using var server = Server("localhost", askForClient: true);
        using var client = new LinstorFixture(Settings(server, ("LS_ROOT_CA", _root.Pem), ("LS_USER_CERTIFICATE_FILE", files.Certificate), ("LS_USER_KEY_FILE", files.Key)));

        _folder.Write("tls.crt", second.ExportCertificatePem());
        await client.Linstor.VersionAsync(default);

        Assert.Equal("CN=first", Assert.Single(server.Requests).Client!.Subject);
        Assert.Equal(
            $"What was read before stays in use: LS_USER_CERTIFICATE_FILE {files.Certificate} and LS_USER_KEY_FILE {files.Key} do not belong together.",
            Assert.Single(_log.Lines));
    }

    [Fact]
    public async Task Intermediate_certificates_of_the_client_are_sent_along()
    {
        var between = new TestAuthority("between", _root);
        var leaf = between.Issue("leaf");
        var chain = new List<string>();
        await using var server = Server("localhost", askForClient: true, chain);
        using var client = new LinstorFixture(Settings(server, ("LS_ROOT_CA", _root.Pem), ("LS_USER_CERTIFICATE", $"{leaf.ExportCertificatePem()}\n{between.Pem}"), ("LS_USER_KEY", leaf.KeyPem())));

        await client.Linstor.VersionAsync(default);

        Assert.Contains("CN=between", chain);
    }

    private LinstorSettings Settings(CannedLinstor server, params (string Name, string Value)[] variables) =>
        LinstorSettings.FromEnvironment(
            name => name is "LS_CONTROLLERS" ? server.Address.ToString() : variables.FirstOrDefault(variable => variable.Name == name).Value, TimeProvider.System, _log);

    private CannedLinstor Server(string host, bool askForClient = false, List<string>? chain = null)
    {
        var tls = new SslServerAuthenticationOptions
        {
            ServerCertificate = X509CertificateLoader.LoadPkcs12(_root.Issue("server", host).Export(X509ContentType.Pkcs12), null),
            ClientCertificateRequired = askForClient,
            RemoteCertificateValidationCallback = (_, _, sent, _) =>
            {
                chain?.AddRange(sent!.ChainPolicy.ExtraStore.Select(certificate => certificate.Subject));
                return true;
            },
        };
        return new CannedLinstor(exchange => exchange.AnswerAsync(CannedLinstor.Version), tls);
    }
}
