using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>How long a request may take, including the body of its answer.</summary>
/// <param name="Whole">From sending the request to the last byte of the answer.</param>
/// <param name="Silence">The longest time without a byte of the answer; no longer than <paramref name="Whole"/>.</param>
internal readonly record struct RequestLimits(TimeSpan Whole, TimeSpan Silence)
{
    /// <summary>A short answer needs only one limit.</summary>
    public static implicit operator RequestLimits(TimeSpan whole) => new(whole, whole);
}

/// <summary>The deadline of one request that is under way.</summary>
internal sealed class RequestDeadline : IDisposable
{
    private readonly RequestLimits _limits;
    private readonly TimeProvider _clock;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenSource _late;
    private readonly CancellationTokenSource _either;
    private readonly long _began;

    public RequestDeadline(RequestLimits limits, TimeProvider clock, CancellationToken cancellation)
    {
        (_limits, _clock, _cancellation, _began) = (limits, clock, cancellation, clock.GetTimestamp());
        _late = new CancellationTokenSource(limits.Silence, clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _late.Token);
    }

    /// <summary>Cancelled when the deadline has passed, or when the caller gives up.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Whether a request that was cancelled missed its deadline, or that of its connection, and the caller has not given up.</summary>
    public bool IsOver => !_cancellation.IsCancellationRequested;

    /// <summary>The body of an answer. Each read may take as long as the silence limit, and all of them together the rest of the whole.</summary>
    public Stream Limit(Stream body) => _limits.Silence < _limits.Whole ? new ReadDeadlineStream(body, BeforeRead) : body;

    /// <summary>The URL of the late request, without the query, which differs from time to time although the trouble is the same.</summary>
    public TimeoutException Missed(HttpRequestMessage request)
    {
        var what = $"{request.Method} {request.RequestUri?.OriginalString.Split('?')[0]}";
        return new(!_late.IsCancellationRequested ? $"no connection for {what} within {HttpTransport.ConnectTimeout.TotalSeconds} s"
            : Left <= TimeSpan.Zero
            ? $"no answer to {what} within {_limits.Whole.TotalSeconds} s"
            : $"nothing of the answer to {what} arrived for {_limits.Silence.TotalSeconds} s");
    }

    public void Dispose()
    {
        _either.Dispose();
        _late.Dispose();
    }

    private TimeSpan Left => _limits.Whole - _clock.GetElapsedTime(_began);

    private void BeforeRead()
    {
        var left = Left;
        _late.CancelAfter(left < TimeSpan.Zero ? TimeSpan.Zero : left < _limits.Silence ? left : _limits.Silence);
    }
}
