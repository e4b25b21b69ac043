namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>The LINSTOR controller's connections to its satellites.</summary>
internal sealed class SatelliteSessions(EventQueue eventQueue, Func<StorageTimings> timings, Action<StorageNode> lost, Action<StorageNode> synchronised, Action<StorageNode> adjusted)
{
    public bool Running { get; private set; } = true;

    /// <summary>Ends the LINSTOR controller process. Subscribers do not learn that it has lost its knowledge.</summary>
    public void Stop(IEnumerable<StorageNode> nodes)
    {
        Running = false;
        foreach (var node in nodes)
        {
            node.Status = ConnectionStatus.Offline;
            node.Session++;
        }
    }

    public void Start(IEnumerable<StorageNode> nodes)
    {
        Running = true;
        foreach (var node in nodes)
        {
            node.WasReachable = false;
            Reconsider(node);
        }
    }

    /// <summary>Schedules when LINSTOR notices that a satellite's reachability has changed.</summary>
    public void Reconsider(StorageNode node)
    {
        var reachable = Running && node is { SatelliteReachable: true, Evicted: false, DeclaredLost: false };
        if (reachable == node.WasReachable)
        {
            return;
        }

        node.WasReachable = reachable;
        var session = ++node.Session;
        if (reachable)
        {
            Resume(node, session);
        }
        else if (node is { Powered: true, Isolated: false, SatelliteCut: false })
        {
            // The process has died but its machine answers, so the connection is reset at once.
            Lose(node);
        }
        else
        {
            eventQueue.After(timings().SatelliteLoss, () => IfStill(node, session, Lose));
        }
    }

    /// <summary>Resets the connection that LINSTOR may still believe in, because the satellite has restarted.</summary>
    public void Reset(StorageNode node)
    {
        Lose(node);
        node.WasReachable = false;
        Reconsider(node);
    }

    private void Resume(StorageNode node, int session)
    {
        if (node.Status == ConnectionStatus.Online)
        {
            // The satellite was away for less than LINSTOR's timeout.
            synchronised(node);
            Adjust(node, session);
            return;
        }

        eventQueue.After(timings().SatelliteReconnect, () => IfStill(node, session, Greet));

        void Greet(StorageNode greeted)
        {
            greeted.Status = ConnectionStatus.Connected;
            eventQueue.After(timings().FullSync, () => IfStill(greeted, session, Synchronise));
        }

        void Synchronise(StorageNode synced)
        {
            (synced.Status, synced.IsAdjusted) = (ConnectionStatus.Online, false);
            synchronised(synced);
            Adjust(synced, session);
        }
    }

    private void Adjust(StorageNode node, int session)
    {
        if (!node.IsAdjusted)
        {
            eventQueue.After(timings().Adjust, () => IfStill(node, session, Finish));
        }

        void Finish(StorageNode reached)
        {
            reached.IsAdjusted = true;
            adjusted(reached);
        }
    }

    private void Lose(StorageNode node)
    {
        if (node.Status != ConnectionStatus.Offline)
        {
            node.Status = ConnectionStatus.Offline;
            lost(node);
        }
    }

    private static void IfStill(StorageNode node, int session, Action<StorageNode> then)
    {
        if (node.Session == session)
        {
            then(node);
        }
    }
}
