using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class TransportTests : IDisposable
{
    private readonly Folder _folder = new();
    private readonly Pki _root = Pki.Root();

    public void Dispose()
    {
        _folder.Dispose();
        _root.Dispose();
    }

    [Fact]
    public async Task A_server_of_the_configured_authority_is_trusted()
    {
        await using var server = Server("localhost");
        using var client = new Client(Settings(server, ("LS_ROOT_CA", _root.Pem)));
        Assert.Equal("1.34.0", await client.Linstor.VersionAsync(default));
    }

    [Fact]
    public async Task A_server_of_another_authority_is_not_trusted()
    {
        using var other = Pki.Root("other");
        await using var server = Server("localhost");
        using var client = new Client(Settings(server, ("LS_ROOT_CA", other.Pem)));

        Assert.Contains("certificate", (await client.FailureAsync()).Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task The_host_name_is_checked_although_the_authority_is_right()
    {
        await using var server = Server("elsewhere");
        using var client = new Client(Settings(server, ("LS_ROOT_CA", _root.Pem)));

        Assert.Contains("RemoteCertificateNameMismatch", (await client.FailureAsync()).Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_rotated_client_certificate_is_presented_without_a_restart()
    {
        using var first = _root.Issue("first");
        using var second = _root.Issue("second");
        var files = (Certificate: _folder.Write("tls.crt", first.Pem), Key: _folder.Write("tls.key", first.Key));
        await using var server = Server("localhost", askForClient: true);
        using var client = new Client(Settings(server, ("LS_ROOT_CA", _root.Pem), ("LS_USER_CERTIFICATE_FILE", files.Certificate), ("LS_USER_KEY_FILE", files.Key)));

        await client.Linstor.VersionAsync(default);
        _folder.Write("tls.crt", second.Pem);
        _folder.Write("tls.key", second.Key);
        await client.Linstor.VersionAsync(default);

        Assert.Equal(["CN=first", "CN=second"], server.Requests.Select(request => request.Client!.Subject));
    }

    [Fact]
    public async Task Half_way_through_a_rotation_the_old_certificate_is_presented()
    {
        using var first = _root.Issue("first");
        using var second = _root.Issue("second");
        var files = (Certificate: _folder.Write("tls.crt", first.Pem), Key: _folder.Write("tls.key", first.Key));
        await using var server = Server("localhost", askForClient: true);
        using var client = new Client(Settings(server, ("LS_ROOT_CA", _root.Pem), ("LS_USER_CERTIFICATE_FILE", files.Certificate), ("LS_USER_KEY_FILE", files.Key)));

        _folder.Write("tls.crt", second.Pem);
        await client.Linstor.VersionAsync(default);

        Assert.Equal("CN=first", Assert.Single(server.Requests).Client!.Subject);
        Assert.StartsWith("The client certificate for LINSTOR was not read again", Assert.Single(client.Told.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Intermediate_certificates_of_the_client_are_sent_along()
    {
        using var between = _root.Issue("between", authority: true);
        using var leaf = between.Issue("leaf");
        var chain = new List<string>();
        await using var server = Server("localhost", askForClient: true, chain);
        using var client = new Client(Settings(server, ("LS_ROOT_CA", _root.Pem), ("LS_USER_CERTIFICATE", $"{leaf.Pem}\n{between.Pem}\n"), ("LS_USER_KEY", leaf.Key)));

        await client.Linstor.VersionAsync(default);

        Assert.Contains("CN=between", chain);
    }

    [Fact]
    public async Task Connections_are_kept_alive_by_TCP_and_send_at_once()
    {
        await using var server = CannedLinstor.With();
        using var handler = new LinstorTransport(new LinstorSettings([server.Address]), new Told().CreateLogger<LinstorTransport>()).Create(default);
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Address.Root);
        Socket? socket = null;
        var connect = handler.ConnectCallback!;
        handler.ConnectCallback = async (context, cancellation) =>
        {
            var stream = await connect(context, cancellation);
            socket = ((NetworkStream)stream).Socket;
            Assert.Equal(15, socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
            Assert.Equal(5, socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval));
            Assert.Equal(3, socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount));
            Assert.Equal(1, socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
            Assert.True(socket.NoDelay);
            return stream;
        };

        using var http = new HttpClient(handler);
        using var response = await http.SendAsync(request);

        Assert.NotNull(socket);
    }

    private static LinstorSettings Settings(CannedLinstor server, params (string Name, string Value)[] variables) =>
        LinstorSettings.FromEnvironment(name => name is "LS_CONTROLLERS" ? server.Address.ToString() : variables.FirstOrDefault(variable => variable.Name == name).Value);

    private CannedLinstor Server(string host, bool askForClient = false, List<string>? chain = null)
    {
        using var issued = _root.Issue(host, host: host);
        var tls = new SslServerAuthenticationOptions
        {
            ServerCertificate = X509CertificateLoader.LoadPkcs12(issued.Certificate.Export(X509ContentType.Pkcs12), null),
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
