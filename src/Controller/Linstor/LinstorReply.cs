using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>One LINSTOR controller's answer to one GET. The body contains DRBD secrets and never appears in a message.</summary>
internal sealed class LinstorReply(ControllerAddress from, string path, HttpStatusCode status, byte[] body)
{
    public HttpStatusCode Status => status;

    private bool IsSuccess => (int)status is >= 200 and < 300;

    /// <exception cref="LinstorException">The status is not a success, or the body is not what was requested.</exception>
    public T Read<T>(JsonTypeInfo<T> type)
        where T : class
    {
        ThrowUnlessSuccess();
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw Unreadable("null");
        }
        catch (JsonException wrong)
        {
            // Only the position: the parser's own message may quote the body.
            throw Unreadable($"something else at {wrong.Path ?? "$"} (line {wrong.LineNumber + 1}, byte {wrong.BytePositionInLine + 1})");
        }
    }

    /// <summary>Like <see cref="Read"/>, but null if LINSTOR itself says that there is no such object.</summary>
    /// <remarks>The 404 of a proxy that lost its backend does not come from LINSTOR, and must not make a resource disappear.</remarks>
    public T? Find<T>(JsonTypeInfo<T> type)
        where T : class =>
        status is HttpStatusCode.NotFound && ReturnCodes.Message(body) is not null ? null : Read(type);

    /// <exception cref="LinstorException">The status is not a success.</exception>
    public void ThrowUnlessSuccess()
    {
        if (!IsSuccess)
        {
            throw Refusal();
        }
    }

    public LinstorException Unreadable(string what) =>
        new(LinstorFailure.Unreadable, $"LINSTOR controller {from} answered {path} not with the expected JSON but with {what}.");

    private LinstorException Refusal()
    {
        var (failure, advice) = (int)status switch
        {
            < 400 => (LinstorFailure.Redirected, ": redirects are not followed; configure its https URL in LS_CONTROLLERS"),

            // LINSTOR's synchronous endpoints report a failed LDAP login as 400; a GET gives no other reason for it.
            400 or 401 => (LinstorFailure.Unauthorized, ": check LS_BEARER_TOKEN_FILE, or LS_USERNAME and LS_PASSWORD"),
            403 => (LinstorFailure.Forbidden, ""),
            404 => (LinstorFailure.NotFound, ""),
            < 500 => (LinstorFailure.Refused, ""),
            _ => (LinstorFailure.ServerError, ""),
        };
        var words = ReturnCodes.Message(body) is { } message ? $" It says: {message}" : "";
        return new LinstorException(failure, $"LINSTOR controller {from} answered {path} with status {(int)status}{advice}.{words}");
    }
}
