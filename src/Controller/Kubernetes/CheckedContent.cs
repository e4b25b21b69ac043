using System.Net;
using System.Net.Http.Headers;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>
/// A JSON body that is checked for the last time when there is a connection, and is not sent if it may not be any more, and with it its request: credentials and a connection may take seconds,
/// and the process may be suspended meanwhile.
/// </summary>
internal sealed class CheckedContent : ByteArrayContent
{
    private readonly Func<bool> _mayNotLeave;

    /// <param name="json">The body.</param>
    /// <param name="mayNotLeave">Asked when there is a connection.</param>
    /// <param name="mediaType">What the body is.</param>
    public CheckedContent(byte[] json, Func<bool> mayNotLeave, string mediaType = "application/json")
        : base(json)
    {
        _mayNotLeave = mayNotLeave;
        Headers.ContentType = new MediaTypeHeaderValue(mediaType);
    }

    /// <summary>Whether nothing was sent because it was not allowed any more.</summary>
    public bool WasWithheld { get; private set; }

    // The base class calls this one, whichever of its overloads is asked.
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        WasWithheld = _mayNotLeave();
        return WasWithheld ? throw new OperationCanceledException("not to be sent any more") : base.SerializeToStreamAsync(stream, context);
    }
}
