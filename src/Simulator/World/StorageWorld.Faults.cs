namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>Faults, and their repair.</remarks>
public sealed partial class StorageWorld
{
    /// <summary>The machine loses power: its DRBD and its satellite stop, and other nodes have not noticed yet.</summary>
    public void PowerOff(string node) => Break(node, machine => machine.Powered = false);

    /// <summary>The machine starts again; DRBD comes up at once, and so does the satellite unless it was stopped.</summary>
    public void PowerOn(string node)
    {
        var machine = Machine(node);
        if (machine.Powered)
        {
            return;
        }

        (machine.Powered, machine.SatelliteHangs) = (true, false); // its processes are new
        foreach (var replica in ReplicasOn(machine))
        {
            (replica.Role, replica.Quorate, replica.FailsIo) = (DrbdRole.Secondary, false, false);
            replica.SyncSource = null;
            replica.Forget();
        }

        _network.Reset(machine);
        _satelliteSessions.Reset(machine);
        SettleAll();
    }

    /// <summary>Cuts the replication link between two nodes; satellites are not affected.</summary>
    public void CutLink(string one, string other) => _network.Cut(Machine(one), Machine(other), cut: true);

    /// <summary>Mends the replication link between two nodes.</summary>
    public void HealLink(string one, string other) => _network.Cut(Machine(one), Machine(other), cut: false);

    /// <summary>Cuts all replication links of a node; its satellite stays connected.</summary>
    public void CutLinks(string node) => _network.CutAll(Machine(node), cut: true);

    /// <summary>Mends all replication links of a node.</summary>
    public void HealLinks(string node) => _network.CutAll(Machine(node), cut: false);

    /// <summary>Cuts a node from everything, LINSTOR included. From outside it looks like <see cref="PowerOff"/>.</summary>
    public void Isolate(string node) => Break(node, machine => machine.Isolated = true);

    /// <summary>Ends <see cref="Isolate"/>.</summary>
    public void Rejoin(string node) => Break(node, machine => machine.Isolated = false);

    /// <summary>The satellite process dies; DRBD goes on.</summary>
    public void StopSatellite(string node) => Break(node, machine => machine.SatelliteRuns = false);

    /// <summary>The satellite process starts.</summary>
    public void StartSatellite(string node) => Break(node, machine => (machine.SatelliteRuns, machine.SatelliteHangs) = (true, false));

    /// <summary>Cuts the connection between LINSTOR and a satellite; replication is not affected.</summary>
    public void CutSatellite(string node) => Break(node, machine => machine.SatelliteCut = true);

    /// <summary>Ends <see cref="CutSatellite"/>.</summary>
    public void HealSatellite(string node) => Break(node, machine => machine.SatelliteCut = false);

    /// <summary>The satellite answers pings and nothing else, so LINSTOR believes that it is online and that its last reports are true. It repeats them when LINSTOR reconnects.</summary>
    public void HangSatellite(string node) => Break(node, Hang);

    /// <summary>The satellite process starts, reads DRBD's state once, and hangs. Whenever LINSTOR connects, it reports that old state.</summary>
    public void StartSatelliteThatHangs(string node) => Break(node, machine =>
    {
        (machine.SatelliteRuns, machine.SatelliteHangs) = (true, false);
        Hang(machine);
    });

    /// <summary>Ends <see cref="HangSatellite"/>.</summary>
    public void ResumeSatellite(string node)
    {
        if (Machine(node).SatelliteHangs)
        {
            Break(node, machine => machine.SatelliteHangs = false);
            FinishOrders(Machine(node));
        }
    }

    /// <summary>The satellite's reader of DRBD's events restarts: known values become unknown, then fresh objects appear, then the values return.</summary>
    public void RestartEvents(string node)
    {
        var machine = Machine(node);
        foreach (var replica in ReplicasOn(machine).FindAll(Reports))
        {
            Knowledge.Learn(replica, ReplicaReport.Fresh);
            EventQueue.After(Timings.Deploy, () => Publish(replica));
        }
    }

    /// <summary>The LINSTOR controller process ends. It loses all its knowledge and sends no event.</summary>
    public void StopLinstor()
    {
        if (LinstorRuns)
        {
            _satelliteSessions.Stop(_nodes.Values);
            Knowledge.DropAll();
            LinstorRunningChanged?.Invoke(false);
        }
    }

    /// <summary>The LINSTOR controller process starts: all nodes are offline, and it knows nothing about replicas.</summary>
    public void StartLinstor()
    {
        if (!LinstorRuns)
        {
            _satelliteSessions.Start(_nodes.Values);
            LinstorRunningChanged?.Invoke(true);
        }
    }

    /// <summary>The LINSTOR controller is away for a while.</summary>
    public void RestartLinstor(TimeSpan downtime)
    {
        StopLinstor();
        EventQueue.After(downtime, StartLinstor);
    }

    private void Hang(StorageNode machine)
    {
        if (!machine.SatelliteHangs)
        {
            machine.SatelliteHangs = true;
            ReplicasOn(machine).ForEach(replica => replica.LastRead = replica is { Up: true, Forgotten: false } ? Read(replica) : null);
        }
    }

    private void Break(string node, Action<StorageNode> change)
    {
        var machine = Machine(node);
        change(machine);
        _network.Reconsider();
        _satelliteSessions.Reconsider(machine);
        SettleAll();
    }
}
