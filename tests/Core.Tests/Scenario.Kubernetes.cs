namespace Piraeus.HighAvailability.Core.Tests;

/// <content>What Kubernetes reports.</content>
internal sealed partial class Scenario
{
    public Scenario Volume(string name, string? claim, string? resource, string? sharedStorage = null, bool manyWriters = false) => Observe(new Observation.Updated<Volume>(
        new(name, claim is null ? null : new("default", claim))
        {
            Resource = resource is null ? null : new ResourceName(resource),
            Handle = resource is null ? null : name,
            InUsePrefix = "csi^",
            SharedStorage = sharedStorage,
            ManyWriters = manyWriters,
        }));

    public Scenario VolumeGone(string name) => Observe(new Observation.Deleted<Volume>(Cluster.Volumes.Find(name)!.Value.Item));

    /// <summary>Kubernetes calls the node ready, or not.</summary>
    public Scenario Node(string name, bool ready)
    {
        _ready[new(name)] = ready;
        return this;
    }

    /// <summary>Kubernetes reports a node, whose status lists these volumes as in use.</summary>
    public Scenario Node(string name, params string[] volumesInUse)
    {
        _volumesInUse[new(name)] = [.. volumesInUse];
        return Observe(new Observation.Updated<ClusterNode>(new(new(name), new($"uid-{name}"))));
    }

    public Scenario Attachment(string name, string volume, string node, bool attached = false) =>
        Observe(new Observation.Updated<Attachment>(new(name, new($"uid-{name}"), volume, new(node)) { Attached = attached }));

    /// <summary>The pod that a StatefulSet creates in app-0's stead, as it is now.</summary>
    public Scenario Replacement(string? node, Func<Pod, Pod>? change = null)
    {
        var pod = new Pod(new("default", "app-0"), new($"uid-replacement-{_replacements}"), node is null ? null : new NodeName(node))
        {
            Claims = [new("data")],
            OptedIn = true,
            Owner = new("apps/v1", "StatefulSet", "app", new("uid-set")),
        };
        pod = change?.Invoke(pod) ?? pod;
        _pods[pod.Uid] = pod;
        return Observe(new Observation.Updated<Pod>(pod));
    }

    public Scenario ReplacementGone()
    {
        return _pods.Remove(new($"uid-replacement-{_replacements++}"), out var pod) ? Observe(new Observation.Deleted<Pod>(pod)) : this;
    }

    public Scenario Pod(string name, string? node, Func<Pod, Pod>? change = null, bool optedIn = true)
    {
        var pod = new Pod(new("default", name), new($"uid-{name}-{node}"), node is null ? null : new NodeName(node)) { Claims = [new("data")], OptedIn = optedIn };
        pod = change?.Invoke(pod) ?? pod;
        _pods[pod.Uid] = pod;
        return optedIn ? Observe(new Observation.Updated<Pod>(pod)) : this;
    }

    /// <summary>The pod is changed, and the watch has not reported it yet.</summary>
    public Scenario PodUnseen(string name, string node, Func<Pod, Pod> change)
    {
        var uid = new Uid($"uid-{name}-{node}");
        _pods[uid] = change(_pods[uid]);
        return this;
    }

    public Scenario PodGone(string name, string node)
    {
        _pods.Remove(new($"uid-{name}-{node}"), out var pod);
        return Observe(new Observation.Deleted<Pod>(pod!));
    }

    /// <summary>The pod loses its label: it leaves the watch, and stays where it is.</summary>
    public Scenario Unlabel(string name, string node)
    {
        var uid = new Uid($"uid-{name}-{node}");
        Observe(new Observation.Deleted<Pod>(_pods[uid]));
        _pods[uid] = _pods[uid] with { OptedIn = false };
        return this;
    }
}
