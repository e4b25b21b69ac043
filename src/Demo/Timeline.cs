using Piraeus.HighAvailability.Controller.Endpoints;

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
/// <c>starting</c> (the replacement). Of a resource: <c>in use</c>, <c>idle</c>, and <c>lost</c> (no node can write to it). Of LINSTOR: <c>running</c> and <c>away</c>.
/// </remarks>
internal sealed class Timeline
{
    /// <summary>How many changes of each lane are remembered.</summary>
    private const int Memory = 200;

    private readonly Dictionary<(string Kind, string Name), List<SpanView>> _lanes = [];
    private readonly Dictionary<string, string> _working = [];

    /// <summary>The lanes as they are now: pods, resources, LINSTOR, the leader.</summary>
    public IReadOnlyList<LaneView> Lanes => [.. _lanes.Select(lane => new LaneView(lane.Key.Name, lane.Key.Kind, [.. lane.Value]))];

    /// <summary>Records the present states.</summary>
    /// <param name="world">The truth.</param>
    /// <param name="status">The leader's /status; null if no leader answers.</param>
    public void Record(WorldView world, WireStatus? status)
    {
        foreach (var workload in Workload.All)
        {
            Record("pod", workload.Pod, StateOf(workload, OutageHistory.Current(world, workload), world, status), world.At);
        }

        foreach (var workload in Workload.All)
        {
            var devices = world.Nodes.SelectMany(node => node.Devices).Where(device => device.Resource == workload.Resource).ToList();
            var state = devices.Exists(device => device is { Role: "Primary", Writes: true }) ? "in use" : devices.Exists(device => device.Quorate) ? "idle" : "lost";
            Record("resource", workload.Resource, state, world.At);
        }

        Record("linstor", "LINSTOR", world.LinstorRuns ? "running" : "away", world.At);
        Record("leader", "leader", world.Holder ?? "none", world.At);
    }

    private string StateOf(Workload workload, PodView? pod, WorldView world, WireStatus? status)
    {
        if (pod is { Works: true })
        {
            _working[workload.Pod] = pod.Uid;
            return "running";
        }

        if (pod?.Node is not { } node)
        {
            return "gone";
        }

        if (_working.TryGetValue(workload.Pod, out var uid) && uid != pod.Uid)
        {
            return world.Attachments.Any(attachment => attachment is { Attached: true, Deleting: false } && attachment.Node == node && attachment.Claim.EndsWith(workload.Pod, StringComparison.Ordinal)) ? "starting" : "attaching";
        }

        return status?.InDoubt.FirstOrDefault(consumer => consumer.Pods.Any(one => $"{one.Namespace}/{one.Name}" == pod.Name)) switch
        {
            { WouldAct: true } => "decided",
            { GraceLeftSeconds: > 0 } => "grace",
            _ => "lost",
        };
    }

    private void Record(string kind, string name, string state, double at)
    {
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
