using System.Net;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>Adds the credential to each request, and retries once with a fresh one after a refusal.</summary>
internal sealed class Authentication(CredentialSource credentials, HttpMessageHandler transport) : DelegatingHandler(transport)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var credential = await credentials(null, cancellationToken);
        request.Headers.Authorization = credential.Header;
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode is not HttpStatusCode.Unauthorized || !CanBeSentAgain(request))
        {
            return response;
        }

        var fresh = await FresherThanAsync(credential, response, cancellationToken);
        if (ReferenceEquals(fresh, credential))
        {
            return response;
        }

        response.Dispose();
        request.Headers.Authorization = fresh.Header;
        return await base.SendAsync(request, cancellationToken);
    }

    /// <summary>An answer that will not be read must not keep its connection.</summary>
    private async Task<Credential> FresherThanAsync(Credential refused, HttpResponseMessage refusal, CancellationToken cancellation)
    {
        try
        {
            return await credentials(refused, cancellation);
        }
        catch
        {
            refusal.Dispose();
            throw;
        }
    }

    /// <summary>A body in memory can be sent twice, a stream cannot.</summary>
    private static bool CanBeSentAgain(HttpRequestMessage request) => request.Content is null or ByteArrayContent or ReadOnlyMemoryContent;
}
