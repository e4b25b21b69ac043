using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Adds the bearer token to each request, and reads it again each minute and when it is refused: tokens rotate.</summary>
internal sealed partial class BearerToken(TokenFile file, TimeProvider clock, ILogger<BearerToken> logger) : DelegatingHandler
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private volatile Reading _last = new(file.First, clock.GetTimestamp());

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var used = Fresh();
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", used);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode is not HttpStatusCode.Unauthorized || Read() is var token && token == used)
        {
            return response;
        }

        response.Dispose();
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await base.SendAsync(request, cancellationToken);
    }

    private string Fresh() => _last is var last && clock.GetElapsedTime(last.At) < Lifetime ? last.Token : Read();

    private string Read()
    {
        var token = _last.Token;
        try
        {
            token = file.Read();
        }
        catch (SettingsException unreadable)
        {
            // Half-way through a rotation the old token may still be good; if it is not, LINSTOR will say so.
            KeptOldToken(unreadable.Message);
        }

        _last = new Reading(token, clock.GetTimestamp());
        return token;
    }

    [LoggerMessage(303, LogLevel.Warning, "The LINSTOR token was not read again, so the old one stays in use: {Reason}")]
    private partial void KeptOldToken(string reason);

    private sealed record Reading(string Token, long At);
}
