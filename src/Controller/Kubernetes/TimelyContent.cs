using System.Net;
using System.Net.Http.Headers;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>A JSON body that is sent in time or not at all, and with it its request: credentials and a connection may take seconds, and the process may be suspended meanwhile.</summary>
internal sealed class TimelyContent : HttpContent
{
    private readonly byte[] _json;
    private readonly Func<bool> _isTooLate;

    /// <param name="json">The body.</param>
    /// <param name="isTooLate">Asked when there is a connection.</param>
    public TimelyContent(byte[] json, Func<bool> isTooLate)
    {
        (_json, _isTooLate) = (json, isTooLate);
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    /// <summary>Whether nothing was sent because it was too late.</summary>
    public bool WasTooLate { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        WasTooLate = _isTooLate();
        return WasTooLate ? throw new OperationCanceledException("too late to be sent") : stream.WriteAsync(_json).AsTask();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _json.Length;
        return true;
    }
}
