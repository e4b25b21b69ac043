using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>A stream that announces each of its reads, so that a deadline can be moved.</summary>
internal sealed class ReadDeadlineStream(Stream inner, Action beforeRead) : ReadOnlyStream(inner)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        beforeRead();
        return Inner.ReadAsync(buffer, cancellationToken);
    }
}
