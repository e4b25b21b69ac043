using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Piraeus.HighAvailability.Controller.Net;

/// <summary>Reaches hosts through an HTTP proxy's CONNECT.</summary>
internal static class ProxyTunnel
{
    private static readonly HttpMessageInvoker Proxies = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = Transport.ConnectTimeout,
        ConnectCallback = Transport.ConnectAsync,
    });

    public static async ValueTask<Stream> OpenAsync(Uri proxy, DnsEndPoint target, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Connect, new UriBuilder(proxy.Scheme, proxy.IdnHost, proxy.Port).Uri);
        request.Headers.Host = new UriBuilder("tcp", target.Host, target.Port).Uri.Authority;
        if (proxy.UserInfo.Length > 0)
        {
            var credentials = Encoding.UTF8.GetBytes(Uri.UnescapeDataString(proxy.UserInfo));
            request.Headers.ProxyAuthorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(credentials));
        }

        var response = await Proxies.SendAsync(request, cancellation);
        if (response.StatusCode is HttpStatusCode.OK)
        {
            // The body of an accepted CONNECT is the connection itself, and disposing of it is the caller's part.
            return await response.Content.ReadAsStreamAsync(cancellation);
        }

        using (response)
        {
            throw new HttpRequestException($"The proxy {proxy.Host}:{proxy.Port} refused a tunnel: {(int)response.StatusCode} {response.ReasonPhrase}");
        }
    }
}
