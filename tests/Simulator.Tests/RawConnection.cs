using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Piraeus.HighAvailability.Simulator.Tests;

/// <summary>A connection on which bytes are seen as they are.</summary>
internal sealed class RawConnection : IAsyncDisposable
{
    public const string Promotion = "/v1/events/drbd/promotion";
    private readonly TcpClient _connection = new();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private string _received = "";
    private int _taken;

    /// <summary>Sends a GET request with additional headers, each without a line end.</summary>
    public static async Task<RawConnection> GetAsync(Uri server, string path, params string[] headers)
    {
        var wire = new RawConnection();
        await wire._connection.ConnectAsync(IPAddress.Loopback, server.Port, Deadline.Soon());
        var request = string.Concat([$"GET {path} HTTP/1.1\r\n", $"Host: 127.0.0.1:{server.Port}\r\n", .. headers.Select(header => header + "\r\n"), "\r\n"]);
        await wire._connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Deadline.Soon());
        return wire;
    }

    /// <summary>Subscribes to promotion events with a replay.</summary>
    public static Task<RawConnection> SubscribeAsync(Uri server) => GetAsync(server, Promotion, "Last-Event-ID: current");

    /// <summary>Takes everything up to and including <paramref name="end"/>.</summary>
    public async Task<string> TakeUntilAsync(string end)
    {
        while (true)
        {
            var at = _received.IndexOf(end, _taken, StringComparison.Ordinal);
            if (at >= 0)
            {
                return Take(at + end.Length - _taken);
            }

            Assert.True(await ReceiveAsync(), $"The connection ended before '{end}', after '{_received[_taken..]}'.");
        }
    }

    public Task<string> TakeHeadAsync() => TakeUntilAsync("\r\n\r\n");

    /// <summary>Takes one chunk of a chunked body and returns its content.</summary>
    public async Task<string> TakeChunkAsync()
    {
        var size = Convert.ToInt32((await TakeUntilAsync("\r\n")).Trim(), 16);
        while (_received.Length - _taken < size + 2)
        {
            Assert.True(await ReceiveAsync(), "The connection ended within a chunk.");
        }

        var chunk = Take(size);
        Assert.Equal("\r\n", Take(2));
        return chunk;
    }

    public async Task<string[]> TakeChunksAsync(int count)
    {
        var chunks = new string[count];
        for (var i = 0; i < count; i++)
        {
            chunks[i] = await TakeChunkAsync();
        }

        return chunks;
    }

    /// <summary>Takes everything until the other side ends or breaks the connection.</summary>
    public async Task<string> TakeAllAsync()
    {
        while (await ReceiveAsync())
        {
        }

        return Take(_received.Length - _taken);
    }

    public ValueTask DisposeAsync()
    {
        _connection.Dispose();
        return ValueTask.CompletedTask;
    }

    private string Take(int length)
    {
        _taken += length;
        return _received[(_taken - length).._taken];
    }

    private async Task<bool> ReceiveAsync()
    {
        try
        {
            var count = await _connection.GetStream().ReadAsync(_buffer, Deadline.Soon());
            _received = _received[_taken..] + Encoding.UTF8.GetString(_buffer, 0, count);
            _taken = 0;
            return count > 0;
        }
        catch (IOException)
        {
            // A reset is an end too.
            return false;
        }
    }
}
