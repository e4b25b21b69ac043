using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Builds the HTTP handlers that talk to LINSTOR.</summary>
/// <remarks>
/// Proxy variables of the environment are ignored. golinstor honours them unless a TLS variable is set, but reads <c>NO_PROXY</c> as Go
/// does, with networks and <c>*</c>, which .NET cannot: a cluster-wide proxy would be sent what Go keeps inside, token included. A proxy
/// would also cut the idle event stream.
/// </remarks>
internal sealed partial class LinstorTransport(LinstorSettings settings, ILogger<LinstorTransport> logger)
{
    /// <param name="compression">None for the event stream, whose bytes must not wait in a decompressor.</param>
    public SocketsHttpHandler Create(DecompressionMethods compression) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = compression,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ResponseDrainTimeout = TimeSpan.Zero,
        ConnectCallback = ConnectAsync,
    };

    /// <summary>HTTP/1.1 has no pings, so a dead peer is found by TCP: idle 15 s, then three probes 5 s apart.</summary>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            var plain = new NetworkStream(socket, ownsSocket: true);
            return context.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttps
                ? await SecureAsync(plain, context.DnsEndPoint.Host, cancellation)
                : plain;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Shakes hands here, because the handler's own options are fixed once: a rotated certificate with its intermediates would not fit in.</summary>
    private async Task<SslStream> SecureAsync(NetworkStream plain, string host, CancellationToken cancellation)
    {
        var secure = new SslStream(plain);
        try
        {
            await secure.AuthenticateAsClientAsync(Handshake(host), cancellation);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }

    private SslClientAuthenticationOptions Handshake(string host)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = host };
        if (settings.Authorities is { } authorities)
        {
            // A chain policy, not a callback: the host name is still checked for us.
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        if (settings.Identity is { } identity)
        {
            options.ClientCertificateContext = identity.Read(out var stale);
            if (stale is not null)
            {
                KeptOldCertificate(stale);
            }
        }

        return options;
    }

    [LoggerMessage(304, LogLevel.Warning, "The client certificate for LINSTOR was not read again, so the old one stays in use: {Reason}")]
    private partial void KeptOldCertificate(string reason);
}
