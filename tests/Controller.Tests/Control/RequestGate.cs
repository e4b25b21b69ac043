using System.Threading.RateLimiting;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <summary>Lets requests pass while it is open, and lets a test do something at the very moment when one passes.</summary>
internal sealed class RequestGate : RateLimiter
{
    public bool IsOpen { get; set; } = true;

    public Action Passing { get; set; } = () => { };

    public int Passed { get; private set; }

    public override TimeSpan? IdleDuration => null;

    public override RateLimiterStatistics? GetStatistics() => null;

    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        if (IsOpen)
        {
            Passing();
            Passed++;
        }

        return new Lease(IsOpen);
    }

    // A request never waits in a queue.
    protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) => throw new NotSupportedException();

    private sealed class Lease(bool isAcquired) : RateLimitLease
    {
        public override bool IsAcquired => isAcquired;

        public override IEnumerable<string> MetadataNames => [];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = null;
            return false;
        }
    }
}
