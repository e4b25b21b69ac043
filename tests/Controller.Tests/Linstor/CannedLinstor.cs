using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>What one connection of the canned server received, and the bytes it may answer with.</summary>
internal sealed record Exchange(string Head, Stream Stream, X509Certificate? Client)
{
    public string Path => Head.Split(' ')[1];

    public string? Header(string name) =>
        Head.Split("\r\n").Skip(1).Select(line => line.Split(": ", 2)).FirstOrDefault(pair => string.Equals(pair[0], name, StringComparison.OrdinalIgnoreCase))?[1];

    public async Task SendAsync(string text) => await Stream.WriteAsync(Encoding.UTF8.GetBytes(text));

    public Task AnswerAsync(string body, string status = "200 OK", string type = "application/json", string headers = "") =>
        SendAsync($"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n{headers}\r\n{body}");

    /// <summary>Says nothing until the client hangs up.</summary>
    public Task HangAsync() => Stream.CopyToAsync(System.IO.Stream.Null);

    public Task OpenStreamAsync() => SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
}

/// <summary>A server on loopback that answers raw bytes, one request per connection.</summary>
internal sealed class CannedLinstor : IAsyncDisposable
{
    public const string Version = """{"version":"1.34.0","git_hash":"abc","build_time":"now","rest_api_version":"1.28.0"}""";

    /// <summary>The nodes of a LINSTOR controller that reaches a satellite.</summary>
    public const string Online = """[{"name":"a","type":"SATELLITE","connection_status":"ONLINE"}]""";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Func<Exchange, Task> _answer;
    private readonly SslServerAuthenticationOptions? _tls;
    private readonly Task _accepting;

    public CannedLinstor(Func<Exchange, Task> answer, SslServerAuthenticationOptions? tls = null)
    {
        (_answer, _tls) = (answer, tls);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public ConcurrentQueue<Exchange> Requests { get; } = [];

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ControllerAddress Address => new(new Uri($"{(_tls is null ? "http" : "https")}://localhost:{Port}"));

    /// <summary>Answers these paths, is otherwise well, and answers everything else with LINSTOR's 404.</summary>
    public static CannedLinstor With(params (string Path, string Body)[] answers) => new(exchange =>
        answers.FirstOrDefault(answer => answer.Path == exchange.Path) is { Body: { } body } ? exchange.AnswerAsync(body)
        : exchange.Path == LinstorConnection.VersionPath ? exchange.AnswerAsync(Version)
        : exchange.Path == LinstorConnection.NodesPath ? exchange.AnswerAsync(Online)
        : exchange.AnswerAsync("""[{"ret_code":-4611686018427387603,"message":"Not found."}]""", "404 Not Found"));

    /// <summary>Proves to be well, and treats everything else as told.</summary>
    public static CannedLinstor Alive(Func<Exchange, Task> answer) => new(exchange =>
        exchange.Path == LinstorConnection.VersionPath ? exchange.AnswerAsync(Version)
        : exchange.Path == LinstorConnection.NodesPath ? exchange.AnswerAsync(Online)
        : answer(exchange));

    /// <summary>Accepts connections and never sends anything, until it is disposed.</summary>
    public static CannedLinstor Mute() => new(exchange => exchange.HangAsync());

    /// <summary>A port on which no process listens.</summary>
    public static ControllerAddress ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new ControllerAddress(new Uri($"http://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}"));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
            catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var socket = client.Client;
        await Task.Yield();
        using var ending = _stop.Token.Register(client.Dispose);
        using (client)
        {
            try
            {
                Stream stream = client.GetStream();
                X509Certificate? identity = null;
                if (_tls is not null)
                {
                    var secure = new SslStream(stream);
                    await secure.AuthenticateAsServerAsync(_tls, _stop.Token);
                    (stream, identity) = (secure, secure.RemoteCertificate);
                }

                var exchange = new Exchange(await HeadAsync(stream), stream, identity);
                Requests.Enqueue(exchange);
                await _answer(exchange);
                socket.Shutdown(SocketShutdown.Send);
            }
            catch (Exception ended) when (ended is IOException or ObjectDisposedException or SocketException or OperationCanceledException or AuthenticationException)
            {
                // The client hung up, or the test is over.
            }
        }
    }

    private static async Task<string> HeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}
