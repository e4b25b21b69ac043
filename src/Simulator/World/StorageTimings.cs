namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>Detection and operation times of the simulated storage. The defaults are realistic; see <see cref="Quick"/> for real-time tests.</summary>
public sealed record StorageTimings
{
    /// <summary>From the moment a peer stops answering until DRBD drops the connection (in practice 0.5 to 11 s).</summary>
    public TimeSpan PeerLoss { get; init; } = TimeSpan.FromSeconds(6.5);

    /// <summary>From the moment a peer is reachable again until DRBD is connected to it.</summary>
    public TimeSpan PeerConnect { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a resynchronisation takes.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the moment a satellite falls silent until LINSTOR drops the connection (in practice 5 to 7 s). LINSTOR notices a dead process at once.</summary>
    public TimeSpan SatelliteLoss { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>From the moment a satellite is reachable again until LINSTOR is <see cref="ConnectionStatus.Connected"/> to it (in practice up to 10 s).</summary>
    public TimeSpan SatelliteReconnect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From <see cref="ConnectionStatus.Connected"/> to <see cref="ConnectionStatus.Online"/>.</summary>
    public TimeSpan FullSync { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>From <see cref="ConnectionStatus.Online"/> until a satellite has configured DRBD (in practice minutes where a storage command hangs). It reports DRBD's state meanwhile.</summary>
    public TimeSpan Adjust { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Each operation on a satellite: bringing DRBD up or down, removing storage, rereading DRBD's events.</summary>
    public TimeSpan Deploy { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>All times within some tens of milliseconds, for tests that run in real time.</summary>
    public static StorageTimings Quick { get; } = new()
    {
        PeerLoss = TimeSpan.FromMilliseconds(40),
        PeerConnect = TimeSpan.FromMilliseconds(20),
        Resync = TimeSpan.FromMilliseconds(30),
        SatelliteLoss = TimeSpan.FromMilliseconds(50),
        SatelliteReconnect = TimeSpan.FromMilliseconds(30),
        FullSync = TimeSpan.FromMilliseconds(10),
        Adjust = TimeSpan.FromMilliseconds(10),
        Deploy = TimeSpan.FromMilliseconds(10),
    };
}
