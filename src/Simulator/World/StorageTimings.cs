namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>How long the world takes to notice and to do things. The defaults are lifelike; see <see cref="Quick"/> for real-time tests.</summary>
public sealed record StorageTimings
{
    /// <summary>From the moment a peer stops answering until DRBD drops the connection (in life 0.5 to 11 s).</summary>
    public TimeSpan PeerLoss { get; init; } = TimeSpan.FromSeconds(6.5);

    /// <summary>From the moment a peer can be reached again until DRBD is connected to it.</summary>
    public TimeSpan PeerConnect { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a resynchronisation takes.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the moment a satellite falls silent until LINSTOR gives it up (in life 5 to 7 s). A dead process is noticed at once.</summary>
    public TimeSpan SatelliteLoss { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>From the moment a satellite can be reached again until LINSTOR is <see cref="ConnectionStatus.Connected"/> to it (in life up to 10 s).</summary>
    public TimeSpan SatelliteReconnect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From <see cref="ConnectionStatus.Connected"/> to <see cref="ConnectionStatus.Online"/>.</summary>
    public TimeSpan FullSync { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>From <see cref="ConnectionStatus.Online"/> until a satellite has brought its DRBD to what LINSTOR wants; it reports DRBD as it is meanwhile (in life minutes where a storage command hangs).</summary>
    public TimeSpan Adjust { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Each step of work on a satellite: bringing DRBD up or down, removing storage, reading DRBD's events anew.</summary>
    public TimeSpan Deploy { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Everything within some tens of milliseconds, for tests that run in real time.</summary>
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
