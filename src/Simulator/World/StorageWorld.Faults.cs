namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>What breaks, and what is repaired.</remarks>
public sealed partial class StorageWorld
{
    /// <summary>The machine loses power: its DRBD and its satellite are gone, nobody has noticed yet.</summary>
    public void PowerOff(string node) => Break(node, machine => machine.Powered = false);

    /// <summary>The machine starts again; DRBD comes up at once, the satellite with it unless it was stopped.</summary>
    public void PowerOn(string node)
    {
        var machine = Node(node);
        if (machine.Powered)
        {
            return;
        }

        machine.Powered = true;
        foreach (var replica in ReplicasOn(machine))
        {
            (replica.Up, replica.Role, replica.Quorate, replica.FailsIo) = (true, DrbdRole.Secondary, false, false);
            replica.SyncSource = null;
        }

        _network.Reset(machine);
        _sessions.Reset(machine);
        SettleAll();
    }

    /// <summary>Cuts the replication link between two nodes; satellites are not affected.</summary>
    public void CutLink(string one, string other) => _network.Cut(Node(one), Node(other), cut: true);

    /// <summary>Mends the replication link between two nodes.</summary>
    public void HealLink(string one, string other) => _network.Cut(Node(one), Node(other), cut: false);

    /// <summary>Cuts all replication links of a node; its satellite stays connected.</summary>
    public void CutLinks(string node) => _network.CutAll(Node(node), cut: true);

    /// <summary>Mends all replication links of a node.</summary>
    public void HealLinks(string node) => _network.CutAll(Node(node), cut: false);

    /// <summary>Cuts a node from everything, LINSTOR included. From outside it looks like <see cref="PowerOff"/>.</summary>
    public void Isolate(string node) => Break(node, machine => machine.Isolated = true);

    /// <summary>Ends <see cref="Isolate"/>.</summary>
    public void Rejoin(string node) => Break(node, machine => machine.Isolated = false);

    /// <summary>The satellite process dies; DRBD goes on.</summary>
    public void StopSatellite(string node) => Break(node, machine => machine.SatelliteRuns = false);

    /// <summary>The satellite process starts.</summary>
    public void StartSatellite(string node) => Break(node, machine => (machine.SatelliteRuns, machine.SatelliteHangs) = (true, false));

    /// <summary>The satellite answers pings and nothing else: LINSTOR believes it online and its last reports true.</summary>
    public void HangSatellite(string node) => Break(node, machine => machine.SatelliteHangs = true);

    /// <summary>Ends <see cref="HangSatellite"/>.</summary>
    public void ResumeSatellite(string node) => Break(node, machine => machine.SatelliteHangs = false);

    /// <summary>The satellite's reader of DRBD's events restarts: what it knew is unknown, then fresh objects, then the values again.</summary>
    public void RestartEvents(string node)
    {
        var machine = Node(node);
        foreach (var replica in ReplicasOn(machine).FindAll(Reports))
        {
            Knowledge.Learn(replica, ReplicaReport.Fresh);
            Agenda.After(Timings.Deploy, () => Publish(replica));
        }
    }

    /// <summary>The LINSTOR controller process ends. It takes everything it knew with it and tells nobody.</summary>
    public void StopLinstor()
    {
        if (LinstorRuns)
        {
            _sessions.Stop(_nodes.Values);
            Knowledge.DropAll();
            LinstorRunningChanged?.Invoke(false);
        }
    }

    /// <summary>The LINSTOR controller process starts: all nodes offline, nothing known.</summary>
    public void StartLinstor()
    {
        if (!LinstorRuns)
        {
            _sessions.Start(_nodes.Values);
            LinstorRunningChanged?.Invoke(true);
        }
    }

    /// <summary>The LINSTOR controller is away for a while.</summary>
    public void RestartLinstor(TimeSpan downtime)
    {
        StopLinstor();
        Agenda.After(downtime, StartLinstor);
    }

    private void Break(string node, Action<StorageNode> change)
    {
        var machine = Node(node);
        change(machine);
        _network.Reconsider();
        _sessions.Reconsider(machine);
        SettleAll();
    }
}
