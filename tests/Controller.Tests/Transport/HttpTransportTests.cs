using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Tests.Transport;

public sealed partial class HttpTransportTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_rotated_client_certificate_is_shown_without_a_restart()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));
        var tls = Trusting(_authority) with { Identity = () => Pem.Identity(ConfigSource.FromFile("certificate", _folder["crt"]), ConfigSource.FromFile("key", _folder["key"])) };
        using var client = new HttpClient(HttpTransport.Create(tls));

        foreach (var certificate in (X509Certificate2[])[_authority.Issue("before"), _authority.IssueRsa("after")])
        {
            _folder.Write("crt", certificate.ExportCertificatePem());
            _folder.Write("key", certificate.KeyPem());
            using var request = new HttpRequestMessage(HttpMethod.Get, $"https://localhost:{server.Port}/") { Headers = { ConnectionClose = true } };
            (await client.SendAsync(request)).Dispose();
        }

        Assert.Equal(["CN=before", "CN=after"], server.Visits.Select(visit => visit.ClientCertificate));
    }

    [Fact]
    public async Task A_rotated_root_is_trusted_without_a_restart()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));
        var tls = new TlsSettings { Authorities = ConfigSource.FromFile("CA", _folder.Write("ca.crt", new TestAuthority("Old CA").Pem)) };
        using var client = new HttpClient(HttpTransport.Create(tls));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://localhost:{server.Port}/"));

        _folder.Write("ca.crt", _authority.Pem);

        (await client.GetAsync($"https://localhost:{server.Port}/")).Dispose();
    }

    [Fact]
    public async Task A_file_that_is_gone_at_the_next_handshake_is_a_failed_request()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));
        var tls = new TlsSettings { Authorities = ConfigSource.FromFile("CA", _folder["ca.crt"]) };
        using var client = new HttpClient(HttpTransport.Create(tls));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://localhost:{server.Port}/"));

        Assert.Contains($"CA {_folder["ca.crt"]} cannot be read: no such file", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_are_kept_alive_by_TCP_and_send_at_once()
    {
        await using var server = await TestServer.StartAsync(null);
        using var handler = HttpTransport.Create(new TlsSettings());
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

        using var client = new HttpClient(handler);
        (await client.GetAsync($"http://localhost:{server.Port}/")).Dispose();

        Assert.NotNull(socket);
    }

    [Fact]
    public async Task Redirects_are_not_followed_and_cookies_not_kept()
    {
        await using var server = await TestServer.StartAsync(null);
        server.Answer = context =>
        {
            context.Response.Cookies.Append("sticky", "1");
            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        };
        using var client = new HttpClient(HttpTransport.Create(new TlsSettings()));

        (await client.GetAsync($"http://localhost:{server.Port}/")).Dispose();
        (await client.GetAsync($"http://localhost:{server.Port}/")).Dispose();

        Assert.Equal(2, server.Visits.Count);
        Assert.DoesNotContain(server.Visits, visit => visit.Headers.ContainsKey("Cookie"));
    }

    [Fact]
    public async Task A_stream_that_is_left_unread_is_closed_at_once()
    {
        var left = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(null);
        server.Answer = async context =>
        {
            context.RequestAborted.Register(left.SetResult);
            await context.Response.Body.FlushAsync();
            await left.Task;
        };
        using var client = new HttpClient(HttpTransport.Create(new TlsSettings()));

        (await client.GetAsync($"http://localhost:{server.Port}/", HttpCompletionOption.ResponseHeadersRead)).Dispose();

        // The handler's own habit is to go on reading for two seconds.
        await left.Task.WaitAsync(TimeSpan.FromSeconds(1.5));
    }

    [Fact]
    public async Task A_change_whose_answer_is_left_unread_leaves_its_connection_to_the_next_one()
    {
        var connections = new ConcurrentDictionary<string, int>();
        await using var server = await TestServer.StartAsync(null);
        server.Answer = async context =>
        {
            connections.AddOrUpdate(context.Connection.Id, 1, (_, count) => count + 1);
            await context.Response.WriteAsync(new string(' ', 100_000)); // more than what is read together with the head
        };
        using var client = new HttpClient(HttpTransport.Create(new TlsSettings(), acts: true));

        // The rest is read in the background, and the next request may be faster.
        for (var deadline = Deadline.Soon(); connections.Values.All(count => count == 1); deadline.ThrowIfCancellationRequested())
        {
            (await client.GetAsync($"http://localhost:{server.Port}/", HttpCompletionOption.ResponseHeadersRead)).Dispose();
        }
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_named_proxy_is_asked_for_a_tunnel(string scheme)
    {
        await using var server = await TestServer.StartAsync(scheme == "https" ? _authority.Issue("server", "localhost") : null);
        await using var proxy = new TestProxy("HTTP/1.1 200 Connection established");
        using var client = new HttpClient(HttpTransport.Create(Trusting(_authority), new Uri($"http://me:se%40cret@127.0.0.1:{proxy.Port}")));

        Assert.Equal("/through", await client.GetStringAsync($"{scheme}://localhost:{server.Port}/through"));

        Assert.StartsWith($"CONNECT localhost:{server.Port} HTTP/1.1\r\n", proxy.Received, StringComparison.Ordinal);
        Assert.Contains("Proxy-Authorization: Basic bWU6c2VAY3JldA==", proxy.Received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_that_refuses_is_named_without_its_password()
    {
        await using var proxy = new TestProxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0");
        using var client = new HttpClient(HttpTransport.Create(new TlsSettings(), new Uri($"http://me:secret@127.0.0.1:{proxy.Port}")));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("http://localhost:1/"));

        Assert.Equal($"The proxy 127.0.0.1:{proxy.Port} refused a tunnel: 407 Proxy Authentication Required (localhost:1)", failure.Message);
    }

    private static TlsSettings Trusting(TestAuthority authority) => new() { Authorities = ConfigSource.Inline("CA", authority.Pem) };

    private static async Task<string> GetAsync(TlsSettings tls, string address)
    {
        using var client = new HttpClient(HttpTransport.Create(tls));
        return await client.GetStringAsync(address);
    }

    private static async Task<AuthenticationException> AssertUntrustedAsync(TlsSettings tls, string address)
    {
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(tls, address));
        return Assert.IsType<AuthenticationException>(failure.InnerException);
    }
}
