using System.Net;
using System.Net.Http.Headers;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>A JSON body that is sent in time or not at all, and with it its request: credentials and a connection may take seconds, and the process may be suspended meanwhile.</summary>
internal sealed class TimelyContent : ByteArrayContent
{
    private readonly Func<bool> _isTooLate;

    /// <param name="json">The body.</param>
    /// <param name="isTooLate">Asked when there is a connection.</param>
    public TimelyContent(byte[] json, Func<bool> isTooLate)
        : base(json)
    {
        _isTooLate = isTooLate;
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    /// <summary>Whether nothing was sent because it was too late.</summary>
    public bool WasTooLate { get; private set; }

    // The base class calls this one, whichever of its overloads is asked.
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        WasTooLate = _isTooLate();
        return WasTooLate ? throw new OperationCanceledException("too late to be sent") : base.SerializeToStreamAsync(stream, context);
    }
}
