namespace Piraeus.HighAvailability.Demo;

/// <summary>A time in which a workload did not work.</summary>
internal sealed record Outage(double From, double? To, string? Node)
{
    /// <summary>Its duration up to a given time.</summary>
    public double Until(double now) => (To ?? now) - From;
}

/// <summary>Records when each node was last able to write, and how long each workload did not work.</summary>
internal sealed class OutageHistory
{
    /// <summary>How many outages, and how many periods of writing, are kept of each.</summary>
    private const int Memory = 100;

    /// <summary>If two observations within this time both find that a node can write, it is taken to have been able to write in between.</summary>
    private const double Apart = 1;

    private readonly Dictionary<(string Resource, string Node), List<(double From, double To)>> _wrote = [];
    private readonly Dictionary<string, List<Outage>> _outages = [];
    private readonly Dictionary<string, (double At, string Uid, string? Node)> _works = [];
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

        foreach (var workload in Workload.All)
        {
            Record(workload, Current(world, workload), world.At);
        }
    }

    /// <summary>When, up to a given time, a write on that node was last observed to be able to complete; null if never.</summary>
    public double? LastWrite(string resource, string node, double until) =>
        _wrote.TryGetValue((resource, node), out var times) && times.FindLast(time => time.From <= until) is { To: > 0 } last ? Math.Min(last.To, until) : null;

    /// <summary>Whether a write on that node was able to complete at a given time.</summary>
    public bool CouldWrite(string resource, string node, double at) => at - LastWrite(resource, node, at) < Apart;

    /// <summary>The node where a pod's replacement works, and since when; null if there is none, or the pod is still the same.</summary>
    public (double At, string Uid, string? Node)? Successor(string pod, string uid) =>
        _works.TryGetValue(pod, out var works) && works.Uid != uid ? works : null;

    public IReadOnlyList<Outage> OutagesOf(Workload workload) => _outages.TryGetValue(Key(workload), out var outages) ? outages : [];

    /// <summary>The workload's pod in Kubernetes.</summary>
    public static PodView? Current(WorldView world, Workload workload) =>
        world.Nodes.SelectMany(node => node.Pods).Concat(world.Waiting).FirstOrDefault(pod => pod.Name == Key(workload) && pod.Phase != "Forgotten");

    private static string Key(Workload workload) => $"{Workload.Namespace}/{workload.Pod}";

    private void Record(Workload workload, PodView? pod, double at)
    {
        var key = Key(workload);
        var outages = _outages.TryGetValue(key, out var known) ? known : _outages[key] = [];
        if (pod is { Works: true })
        {
            if (!_works.TryGetValue(key, out var works) || works.Uid != pod.Uid)
            {
                _works[key] = (at, pod.Uid, pod.Node);
            }

            if (outages is [.., { To: null } open])
            {
                outages[^1] = open with { To = at, Node = pod.Node };
            }
        }
        else if (outages is not [.., { To: null }])
        {
            // In a long session, only the latest outages are kept.
            outages.Add(new(at, null, null));
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
