using System.Net.Security;
using System.Net.Sockets;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>Builds the one kind of HTTP handler that every client here uses.</summary>
/// <remarks>
/// The TLS handshake is made here and not left to <see cref="SocketsHttpHandler"/>, which overwrites the server name
/// and keeps the client certificate that it was built with.
/// <para>
/// Requests use only the given proxy, never the environment's proxy variables. Go allows networks and <c>*</c> in <c>NO_PROXY</c>, which .NET does not support. So a proxy meant for other hosts
/// would receive requests that have to stay inside the cluster, tokens included.
/// </para>
/// </remarks>
internal static class HttpTransport
{
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long what was sent may go unacknowledged before the kernel gives the connection up.</summary>
    public static readonly TimeSpan Unacknowledged = TimeSpan.FromSeconds(5);

    /// <summary>How long the rest of an answer is read. At most the runtime's limit of 1 MiB is read.</summary>
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Linux's <c>TCP_USER_TIMEOUT</c>, which .NET does not name.</summary>
    internal const int TcpUserTimeout = 18;

    /// <param name="tls">The certificates to trust and to present, if the address requires TLS.</param>
    /// <param name="proxy">The proxy to use, if there is no direct way.</param>
    /// <param name="acts">Whether the requests change something, so that they must not arrive late.</param>
    public static SocketsHttpHandler Create(TlsSettings tls, Uri? proxy = null, bool acts = false) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = ConnectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        // The rest of an answer to a change is read in the background, so that its connection serves the next one: a new connection costs a TLS handshake on both sides. A stream is closed at once.
        ResponseDrainTimeout = acts ? DrainTimeout : TimeSpan.Zero,
        ConnectCallback = async (context, cancellation) =>
        {
            var stream = proxy is null
                ? await ConnectAsync(context, acts, cancellation)
                : await ProxyTunnel.OpenAsync(proxy, context.DnsEndPoint, acts, cancellation);
            return context.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttps
                ? await SecureAsync(stream, tls, context.DnsEndPoint.Host, cancellation)
                : stream;
        },
    };

    internal static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, bool acts, CancellationToken cancellation)
    {
        var socket = CreateSocket(acts);
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>HTTP/1.1 has no pings, so TCP keep-alive detects a dead peer: idle 15 s, then three probes 5 s apart.</summary>
    /// <remarks>
    /// A request that changes something must not arrive after its deadline. Closing resets the connection, so that the kernel does not go on sending what was given up; and the kernel itself gives up
    /// what is not acknowledged within 5 s, because a process that is frozen closes nothing. That also ends an idle connection with the first probe that is lost, which a stream must survive.
    /// </remarks>
    internal static Socket CreateSocket(bool acts)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new(true, 0) };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        if (acts && OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeout, BitConverter.GetBytes((int)Unacknowledged.TotalMilliseconds));
        }

        return socket;
    }

    private static async Task<Stream> SecureAsync(Stream stream, TlsSettings tls, string host, CancellationToken cancellation)
    {
        var secured = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await secured.AuthenticateAsClientAsync(tls.HandshakeWith(host), cancellation);
            return secured;
        }
        catch
        {
            await secured.DisposeAsync();
            throw;
        }
    }
}
