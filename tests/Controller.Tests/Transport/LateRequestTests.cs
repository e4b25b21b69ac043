using System.Net;
using System.Net.Sockets;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Tests.Transport;

/// <summary>A request that was given up does not arrive later.</summary>
public sealed class LateRequestTests
{
    [Fact]
    public void The_kernel_gives_up_what_is_not_acknowledged_although_this_process_is_frozen()
    {
        using var socket = HttpTransport.CreateSocket(acts: true);
        Assert.Equal(5000, UserTimeoutOf(socket));
    }

    [Fact]
    public void A_stream_survives_a_lost_probe()
    {
        // With a user timeout, the kernel ignores the number of probes, and resets an idle connection with the first one that is lost.
        using var socket = HttpTransport.CreateSocket(acts: false);
        Assert.Equal(0, UserTimeoutOf(socket));
        Assert.Equal(3, socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount));
    }

    [Fact]
    public async Task A_request_that_was_given_up_resets_its_connection_so_that_the_kernel_does_not_go_on_sending()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var http = new HttpClient(HttpTransport.Create(new()));
        using var deadline = new CancellationTokenSource();
        var sending = http.PostAsync(new Uri($"http://{listener.LocalEndpoint}/"), new ByteArrayContent(new byte[32 << 20]), deadline.Token); // more than the buffers hold
        using var server = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await server.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken);
        await deadline.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);

        // Nothing is read meanwhile: the runtime closes the socket a moment later, and if it was shut down only, who reads gets all that was sent and a regular end.
        Assert.True(server.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectError));
    }

    private static int UserTimeoutOf(Socket socket)
    {
        var option = new byte[4];
        socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, HttpTransport.TcpUserTimeout, option);
        return BitConverter.ToInt32(option);
    }
}
