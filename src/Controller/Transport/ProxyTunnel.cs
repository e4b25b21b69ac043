using System.Net;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>Reaches hosts through an HTTP proxy's CONNECT.</summary>
internal static class ProxyTunnel
{
    private static readonly HttpMessageInvoker Acting = Client(acts: true);
    private static readonly HttpMessageInvoker Reading = Client(acts: false);

    /// <param name="proxy">The proxy.</param>
    /// <param name="target">The host behind it.</param>
    /// <param name="acts">Whether the requests through the tunnel change something.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public static async ValueTask<Stream> OpenAsync(Uri proxy, DnsEndPoint target, bool acts, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Connect, new UriBuilder(proxy.Scheme, proxy.IdnHost, proxy.Port).Uri);
        request.Headers.Host = new UriBuilder("tcp", target.Host, target.Port).Uri.Authority;
        request.Headers.ProxyAuthorization = Login.Parse(proxy.UserInfo)?.Header;

        var response = await (acts ? Acting : Reading).SendAsync(request, cancellation);
        if (response.StatusCode is HttpStatusCode.OK)
        {
            // The body of an accepted CONNECT is the connection itself, so the caller disposes of it.
            return await response.Content.ReadAsStreamAsync(cancellation);
        }

        using (response)
        {
            throw new HttpRequestException($"The proxy {proxy.Host}:{proxy.Port} refused a tunnel: {(int)response.StatusCode} {response.ReasonPhrase}");
        }
    }

    private static HttpMessageInvoker Client(bool acts) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = HttpTransport.ConnectTimeout,
        ConnectCallback = (context, cancellation) => HttpTransport.ConnectAsync(context, acts, cancellation),
    });
}
