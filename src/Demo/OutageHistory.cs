namespace Piraeus.HighAvailability.Demo;

/// <summary>A time in which a pod did not work.</summary>
/// <param name="From">When it stopped working, in seconds since the demo began.</param>
/// <param name="To">When it worked again; null while it does not.</param>
/// <param name="Uid">The pod that stopped working.</param>
/// <param name="Replacement">The pod that worked at the end, which may be the same one; null while there is none.</param>
/// <param name="Node">The node where it worked at the end.</param>
internal sealed record Outage(double From, double? To, string Uid, string? Replacement, string? Node)
{
    /// <summary>Its duration up to a given time.</summary>
    public double Until(double now) => (To ?? now) - From;
}

/// <summary>Records when each node was last able to write, and how long each pod did not work.</summary>
internal sealed class OutageHistory
{
    /// <summary>How many outages, and how many periods of writing, are kept of each.</summary>
    private const int Memory = 100;

    /// <summary>If two observations within this time both find that a node can write, it is taken to have been able to write in between.</summary>
    private const double Apart = 1;

    private readonly Dictionary<(string Resource, string Node), List<(double From, double To)>> _wrote = [];
    private readonly Dictionary<string, List<Outage>> _outages = [];
    private readonly Dictionary<string, string> _worked = [];
    private readonly HashSet<string> _splitBrains = [];

    /// <summary>The resources that two nodes could write to at once, at any time.</summary>
    public IReadOnlyCollection<string> SplitBrains => _splitBrains;

    public void Record(WorldView world)
    {
        _splitBrains.UnionWith(WorldChanges.SplitBrains(world));
        foreach (var node in world.Nodes)
        {
            foreach (var device in node.Devices.Where(device => device.Writes))
            {
                Wrote(_wrote.TryGetValue((device.Resource, node.Name), out var times) ? times : _wrote[(device.Resource, node.Name)] = [], world.At);
            }
        }

        foreach (var pod in world.Workloads)
        {
            Record(pod.Name, Current(world, pod.Name), world.At);
        }
    }

    /// <summary>When, up to a given time, a write on that node was last observed to be able to complete; null if never.</summary>
    public double? LastWrite(string resource, string node, double until) =>
        _wrote.TryGetValue((resource, node), out var times) && times.FindLast(time => time.From <= until) is { To: > 0 } last ? Math.Min(last.To, until) : null;

    /// <summary>Whether a write on that node was able to complete at a given time.</summary>
    public bool CouldWrite(string resource, string node, double at) => at - LastWrite(resource, node, at) < Apart;

    /// <summary>The outage that ended when a replacement of a deleted pod worked; null if none has worked yet.</summary>
    /// <param name="pod">The pod's namespace and name.</param>
    /// <param name="uid">The pod that was deleted.</param>
    /// <param name="at">When it was deleted.</param>
    public Outage? EndedBy(string pod, string uid, double at) => OutagesOf(pod).FirstOrDefault(outage => outage.To >= at - 1 && outage.Replacement != uid);

    /// <summary>The outages of a pod, oldest first. One that has never worked has none.</summary>
    /// <param name="pod">The pod's namespace and name.</param>
    public IReadOnlyList<Outage> OutagesOf(string pod) => _outages.TryGetValue(pod, out var outages) ? outages : [];

    /// <summary>The pod of that namespace and name in Kubernetes.</summary>
    public static PodView? Current(WorldView world, string pod) =>
        world.Nodes.SelectMany(node => node.Pods).Concat(world.Waiting).FirstOrDefault(one => one.Name == pod && one.Phase != "Forgotten");

    private void Record(string name, PodView? pod, double at)
    {
        var outages = _outages.TryGetValue(name, out var known) ? known : _outages[name] = [];
        if (pod is { Works: true })
        {
            _worked[name] = pod.Uid;
            if (outages is [.., { To: null } open])
            {
                outages[^1] = open with { To = at, Replacement = pod.Uid, Node = pod.Node };
            }
        }
        else if (outages is not [.., { To: null }] && _worked.TryGetValue(name, out var uid))
        {
            // In a long session, only the latest outages are kept.
            outages.Add(new(at, null, uid, null, null));
            outages.RemoveRange(0, Math.Max(0, outages.Count - Memory));
        }
    }

    private static void Wrote(List<(double From, double To)> times, double at)
    {
        if (times is [.., var last] && at - last.To < Apart)
        {
            times[^1] = (last.From, at);
        }
        else
        {
            times.Add((at, at));
            times.RemoveRange(0, Math.Max(0, times.Count - Memory));
        }
    }
}
