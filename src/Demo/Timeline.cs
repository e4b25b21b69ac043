namespace Piraeus.HighAvailability.Demo;

/// <summary>A state that a lane was in for some time.</summary>
/// <param name="From">Seconds since the demo began.</param>
/// <param name="To">When it ended; null while it lasts.</param>
/// <param name="State">See <see cref="Timeline"/>; of the leader, its name.</param>
internal sealed record SpanView(double From, double? To, string State);

/// <summary>One lane of the timeline.</summary>
/// <param name="Name">The pod, the resource, LINSTOR or the leader.</param>
/// <param name="Kind"><c>pod</c>, <c>resource</c>, <c>linstor</c> or <c>leader</c>.</param>
/// <param name="Spans">Without gaps, oldest first.</param>
internal sealed record LaneView(string Name, string Kind, IReadOnlyList<SpanView> Spans);

/// <summary>Something that a person or a scenario did.</summary>
internal sealed record MarkView(double At, string Text);

/// <summary>Records which state each pod, each resource, LINSTOR and the leadership were in, and when that changed.</summary>
/// <remarks>
/// States of a pod: <c>running</c>; <c>lost</c> (it does not work, and no grace period runs); <c>grace</c>; <c>decided</c>; <c>gone</c> (deleted, no replacement has a node); <c>attaching</c> and
/// <c>starting</c> (the replacement, or a pod that is new). Of a resource: <c>in use</c>, <c>idle</c>, and <c>lost</c> (no node can write to it). Of LINSTOR: <c>running</c> and <c>away</c>.
/// </remarks>
internal sealed class Timeline
{
    /// <summary>How many changes of each lane are remembered.</summary>
    private const int Memory = 200;

    private readonly Dictionary<(string Kind, string Name), List<SpanView>> _lanes = [];
    private readonly Dictionary<string, string> _working = [];
    private List<(string Kind, string Name)> _shown = [];

    /// <summary>The lanes as they are now: pods, resources, LINSTOR, the leader.</summary>
    public IReadOnlyList<LaneView> Lanes => [.. _shown.Select(key => new LaneView(key.Name, key.Kind, [.. _lanes[key]]))];

    /// <summary>Records the present states.</summary>
    /// <param name="world">The truth.</param>
    /// <param name="doubt">What is known of the pods in doubt. It counts only if it is a fresh answer of the leader: only the leader acts.</param>
    public void Record(WorldView world, DoubtView doubt)
    {
        _shown = [];
        foreach (var pod in world.Workloads)
        {
            Record("pod", pod.ShortName, StateOf(pod, OutageHistory.Current(world, pod.Name), world, doubt), world.At);
        }

        foreach (var devices in world.Nodes.SelectMany(node => node.Devices).GroupBy(device => device.Resource))
        {
            var state = devices.Any(device => device is { Role: "Primary", Writes: true }) ? "in use" : devices.Any(device => device.Quorate) ? "idle" : "lost";
            Record("resource", devices.Key, state, world.At);
        }

        Record("linstor", "LINSTOR", world.LinstorRuns ? "running" : "away", world.At);
        Record("leader", "leader", world.Holder ?? "none", world.At);
    }

    private string StateOf(ExpectedPod expected, PodView? pod, WorldView world, DoubtView doubt)
    {
        if (pod is { Works: true })
        {
            _working[expected.Name] = pod.Uid;
            return "running";
        }

        if (!_working.TryGetValue(expected.Name, out var uid))
        {
            return "starting";
        }

        if (pod?.Node is not { } node)
        {
            return "gone";
        }

        if (uid != pod.Uid)
        {
            return world.Attachments.Any(attachment => attachment is { Attached: true, Deleting: false } && attachment.Node == node && attachment.Claim.EndsWith(expected.Name.Split('/')[1], StringComparison.Ordinal)) ? "starting" : "attaching";
        }

        return (doubt is { Leads: true, IsStale: false } ? doubt.Pods.FirstOrDefault(one => one.Subject == pod.Name) : null) switch
        {
            { WouldAct: true } => "decided",
            { GraceLeftSeconds: > 0 } => "grace",
            _ => _lanes.TryGetValue(("pod", expected.ShortName), out var spans) && spans is [.., { State: "decided" }] ? "decided" : "lost", // a request under way is not decided again
        };
    }

    private void Record(string kind, string name, string state, double at)
    {
        _shown.Add((kind, name));
        var spans = _lanes.TryGetValue((kind, name), out var known) ? known : _lanes[(kind, name)] = [];
        if (spans is [.., var last] && last.State == state)
        {
            return;
        }

        if (spans.Count > 0)
        {
            spans[^1] = spans[^1] with { To = at };
        }

        spans.Add(new(at, null, state));
        spans.RemoveRange(0, Math.Max(0, spans.Count - Memory));
    }
}
