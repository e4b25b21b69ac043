namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The time during which one LINSTOR controller is current; disposed when another takes over.</summary>
internal sealed class Seat : IDisposable
{
    private readonly CancellationTokenSource _left = new();

    public Seat(ControllerAddress address) => (Address, Left) = (address, _left.Token);

    public ControllerAddress Address { get; }

    /// <summary>Cancelled when the time is over: a stream that is open here has nothing more to say.</summary>
    public CancellationToken Left { get; }

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }
}
