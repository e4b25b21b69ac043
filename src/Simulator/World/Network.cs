namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>The replication links between nodes: which ones carry packets, and which ones DRBD still believes to be up.</summary>
internal sealed class Network(EventQueue eventQueue, Func<StorageTimings> timings, Action<StorageNode, StorageNode> changed)
{
    private readonly List<Link> _links = [];

    /// <summary>DRBD on both ends believes that the link works.</summary>
    public bool Believed(StorageNode one, StorageNode other) => Find(one, other).Believed;

    /// <summary>No packet passes, whatever DRBD believes.</summary>
    public bool Severed(StorageNode one, StorageNode other) => Find(one, other).Severed;

    public void Join(StorageNode newcomer, IEnumerable<StorageNode> others) => _links.AddRange(others.Select(other => new Link(newcomer, other)));

    public void Leave(StorageNode node) => _links.RemoveAll(link => link.Touches(node));

    public void Cut(StorageNode one, StorageNode other, bool cut)
    {
        Find(one, other).Cut = cut;
        Reconsider();
    }

    public void CutAll(StorageNode node, bool cut)
    {
        _links.FindAll(link => link.Touches(node)).ForEach(link => link.Cut = cut);
        Reconsider();
    }

    /// <summary>Resets the links of a machine that starts again: it has forgotten its connections, and its answer resets its peers'.</summary>
    public void Reset(StorageNode node)
    {
        foreach (var link in _links.FindAll(link => link.Touches(node)))
        {
            link.Believed = false;
            link.WasSevered = true;
            link.Generation++;
        }

        Reconsider();
    }

    /// <summary>Schedules when DRBD notices that links have gone down or come up.</summary>
    public void Reconsider()
    {
        foreach (var link in _links.FindAll(link => link.Severed != link.WasSevered))
        {
            link.WasSevered = link.Severed;
            var generation = ++link.Generation;
            if (link.Severed == link.Believed)
            {
                eventQueue.After(link.Severed ? timings().PeerLoss : timings().PeerConnect, () => Notice(link, generation));
            }
        }
    }

    private void Notice(Link link, int generation)
    {
        if (link.Generation != generation)
        {
            return;
        }

        if (link.Severed)
        {
            Lose(link);
        }
        else
        {
            link.Believed = true;
        }

        changed(link.One, link.Other);
    }

    /// <summary>DRBD pings its other peers before it goes on without one, so a node that loses one dead link loses all of its dead links.</summary>
    private void Lose(Link lost)
    {
        lost.Believed = false;
        foreach (var link in _links.FindAll(link => link is { Believed: true, Severed: true } && (link.Touches(lost.One) || link.Touches(lost.Other))))
        {
            link.Believed = false;
        }
    }

    private Link Find(StorageNode one, StorageNode other)
    {
        foreach (var link in _links)
        {
            if (link.Touches(one) && link.Touches(other))
            {
                return link;
            }
        }

        throw new ArgumentException($"There is no link between {one.Name} and {other.Name}.");
    }

    private sealed class Link(StorageNode one, StorageNode other)
    {
        public StorageNode One => one;

        public StorageNode Other => other;

        public bool Cut { get; set; }

        public bool Believed { get; set; } = Reach(one, other);

        /// <summary>The link's true state when the pending events were scheduled.</summary>
        public bool WasSevered { get; set; } = !Reach(one, other);

        /// <summary>Counts changes of the link's true state, so that events scheduled for an earlier state are void.</summary>
        public int Generation { get; set; }

        public bool Severed => Cut || !Reach(one, other);

        public bool Touches(StorageNode node) => node == one || node == other;

        private static bool Reach(StorageNode one, StorageNode other) => one is { Powered: true, Isolated: false } && other is { Powered: true, Isolated: false };
    }
}
