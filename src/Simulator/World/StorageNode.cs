namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>LINSTOR's view of its connection to a satellite; only <see cref="Online"/> is usable.</summary>
public enum ConnectionStatus
{
    /// <summary>Not connected.</summary>
    Offline,

    /// <summary>Authenticated, not yet synchronised.</summary>
    Connected,

    /// <summary>Connected and synchronised.</summary>
    Online,
}

/// <summary>A machine with DRBD and a LINSTOR satellite. Change it through <see cref="StorageWorld"/>.</summary>
public sealed class StorageNode
{
    private readonly List<string> _flags = [];
    private readonly SortedDictionary<string, string> _props = new(StringComparer.Ordinal);

    internal StorageNode(string name, string uname, string address, string uuid)
    {
        Name = name;
        Uname = uname;
        Address = address;
        Uuid = uuid;
    }

    /// <summary>The name in LINSTOR, spelled as at creation.</summary>
    public string Name { get; }

    /// <summary>The machine's own host name; DRBD names its connections by it.</summary>
    public string Uname { get; }

    /// <summary>The machine runs.</summary>
    public bool Powered { get; internal set; } = true;

    /// <summary>The satellite process runs, if the machine does.</summary>
    public bool SatelliteRuns { get; internal set; } = true;

    /// <summary>The satellite answers pings, but neither requests nor DRBD's events get through it.</summary>
    public bool SatelliteHangs { get; internal set; }

    /// <summary>The machine's whole network is cut: replication and satellite.</summary>
    public bool Isolated { get; internal set; }

    /// <summary>LINSTOR's view of the satellite. It lags behind the true state.</summary>
    public ConnectionStatus Status { get; internal set; } = ConnectionStatus.Online;

    /// <summary>LINSTOR has evicted the node.</summary>
    public bool Evicted => _flags.Contains("EVICTED");

    /// <summary>LINSTOR could communicate with the satellite right now.</summary>
    public bool SatelliteReachable => Powered && SatelliteRuns && !Isolated && !SatelliteCut;

    /// <summary>The satellite has applied LINSTOR's configuration to DRBD since LINSTOR last connected. Until then, DRBD keeps its earlier configuration.</summary>
    public bool IsAdjusted { get; internal set; } = true;

    /// <summary>The satellite's readings of DRBD reach LINSTOR.</summary>
    internal bool Reports => Status == ConnectionStatus.Online && SatelliteReachable && !SatelliteHangs;

    /// <summary>LINSTOR can change the configuration of DRBD on the node.</summary>
    internal bool TakesOrders => Reports && IsAdjusted;

    internal string Address { get; }

    /// <summary>The uuid of this incarnation in LINSTOR.</summary>
    public string Uuid { get; internal set; }

    /// <summary>The node's own properties in LINSTOR.</summary>
    public IReadOnlyDictionary<string, string> Properties => _props;

    /// <summary>The node was declared lost in LINSTOR, which no longer knows it; the machine may live.</summary>
    public bool DeclaredLost { get; internal set; }

    /// <summary>Only the network between LINSTOR and the satellite is cut.</summary>
    public bool SatelliteCut { get; internal set; }

    /// <summary>Counts changes of reachability, so that events scheduled for an earlier state are void.</summary>
    internal int Session { get; set; }

    /// <summary>The reachability when LINSTOR's pending events were scheduled.</summary>
    internal bool WasReachable { get; set; } = true;

    /// <summary>LINSTOR's current description of the node.</summary>
    public NodeDescription Describe() => new(Name, Address, Status, [.. _flags], [.. _props], Uuid);

    internal void Flag(params ReadOnlySpan<string> flags) => _flags.AddRange(flags);

    internal void Unflag() => _flags.Clear();

    internal void SetProperty(string key, string? value)
    {
        if (value is null)
        {
            _props.Remove(key);
        }
        else
        {
            _props[key] = value;
        }
    }

    /// <summary>Creates the node anew in LINSTOR, on the machine that was declared lost.</summary>
    internal void BeginAnew(string uuid)
    {
        Uuid = uuid;
        _flags.Clear();
        _props.Clear();
        (Status, DeclaredLost, WasReachable) = (ConnectionStatus.Offline, false, false);
    }
}
