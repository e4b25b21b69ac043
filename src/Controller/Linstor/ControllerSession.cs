namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The time during which one LINSTOR controller is current; disposed when another takes over.</summary>
internal sealed class ControllerSession : IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private volatile ControllerHealth? _health;

    public ControllerSession(ControllerAddress address, ControllerHealth? health = null) => (Address, Left, _health) = (address, _left.Token, health);

    public ControllerAddress Address { get; }

    /// <summary>Cancelled when another LINSTOR controller takes over: a stream that is open here is no longer useful.</summary>
    public CancellationToken Left { get; }

    /// <summary>Its health when it last listed its nodes; null before.</summary>
    public ControllerHealth? Health
    {
        get => _health;
        set => _health = value;
    }

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }
}
