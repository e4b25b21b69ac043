using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Piraeus.HighAvailability.Controller.Tests.Transport;

/// <summary>An HTTP proxy for one tunnel.</summary>
internal sealed class TestProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _serving;

    public TestProxy(string answer)
    {
        _listener.Start();
        _serving = ServeAsync(answer, _stopping.Token);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The head of the request for the tunnel.</summary>
    public string Received { get; private set; } = "";

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task ServeAsync(string answer, CancellationToken cancellation)
    {
        using var client = await _listener.AcceptTcpClientAsync(cancellation);
        var near = client.GetStream();
        var letter = new byte[1];
        while (!Received.EndsWith("\r\n\r\n", StringComparison.Ordinal) && await near.ReadAsync(letter, cancellation) > 0)
        {
            Received += (char)letter[0];
        }

        await near.WriteAsync(Encoding.ASCII.GetBytes($"{answer}\r\n\r\n"), cancellation);
        if (!answer.Contains(" 200 ", StringComparison.Ordinal))
        {
            return;
        }

        var target = Received.Split(' ')[1].Split(':');
        using var server = new TcpClient();
        await server.ConnectAsync(target[0], int.Parse(target[1], null), cancellation);
        await Task.WhenAny(near.CopyToAsync(server.GetStream(), cancellation), server.GetStream().CopyToAsync(near, cancellation));
    }
}
