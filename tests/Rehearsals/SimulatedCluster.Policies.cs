using System.Collections.Immutable;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;
using Pod = Piraeus.HighAvailability.Simulator.Kubernetes.Pod;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>The true quorum policies, and the interventions in them.</content>
internal sealed partial class SimulatedCluster
{
    /// <summary>Whether a partition without quorum could not write, by the property and DRBD's voters.</summary>
    public bool IsFenced(ResourceDefinition definition)
    {
        // Evaluated at every change of the world.
        var (voters, own) = (0, definition.Properties.GetValueOrDefault(QuorumSetting.Key));
        foreach (var replica in definition.Replicas)
        {
            voters += replica is { Kind: ReplicaKind.Diskful, DrbdDeleting: false, Forgotten: false, Estranged: false } ? 1 : 0;
        }

        return own is not null
            ? IsFence(own, voters)
            : definition.Replicas.All(replica => replica.Forgotten || IsFence(Storage.EffectiveProperty(definition, replica.Node, QuorumSetting.Key) ?? "off", voters));
    }

    private static bool IsFence(string policy, int voters) => policy is "majority" or "all" || 2 * QuorumSetting.VotesNeeded(policy, voters) > voters;

    /// <summary>The definitions whose replicas inherit a value from the node.</summary>
    public IEnumerable<ResourceDefinition> InheritingFrom(StorageNode node) => Storage.Definitions.Where(definition =>
        !definition.Properties.ContainsKey(QuorumSetting.Key) && !definition.Group.Properties.ContainsKey(QuorumSetting.Key) && definition.Listed.Any(replica => replica.Node == node));

    /// <summary>Whether the property of a node is why the resource's policy does not fence.</summary>
    public bool IsUnfencedByNode(ResourceDefinition definition) =>
        !IsFenced(definition) && Storage.Nodes.Any(node => node.Properties.ContainsKey(QuorumSetting.Key) && InheritingFrom(node).Contains(definition));

    /// <summary>The claims of the pod's writable volumes that are not fenced.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="wasFenced">
    /// Returns, for a resource that is not fenced now, whether it was, as far as could be known; a resource that lost members is then excused too. If null, a resource also counts as unfenced
    /// if its quorum was off at any time, or may have been because it lost members: the change may have been unseen, or quorum may not be on again everywhere.
    /// </param>
    public List<string> Unfenced(Pod pod, Func<ResourceDefinition, bool>? wasFenced = null) =>
    [
        .. from mount in pod.Spec.Claims
           where !mount.ReadOnly && !IsFenced(pod, mount.Claim, wasFenced)
           select mount.Claim,
    ];

    private bool IsFenced(Pod pod, string claim, Func<ResourceDefinition, bool>? wasFenced) =>
        Store.Find<PersistentVolumeClaim>(pod.Metadata.Namespace, claim) is { } bound
        && ResourceOf(bound.VolumeName) is { } resource && Storage.FindDefinition(resource) is { } definition
        && (_loose.Contains(definition) || _torn.Contains(definition) ? wasFenced is not null : IsFenced(definition) || wasFenced?.Invoke(definition) == true); // LINSTOR itself turns quorum off where two members are left

    /// <summary>
    /// Whether two nodes may write to the resource at a time for reasons other than our actions: its quorum was off, LINSTOR gave up members that live, it removes a replica that was opened at
    /// that moment, or that a Primary still reaches, so that its peers no longer count it, or it may have two Primaries, as in a live migration. A pod must not be moved from where it can write to such a resource; that is judged when it is moved.
    /// </summary>
    public bool MayDiverge(ResourceDefinition definition) =>
        _loose.Contains(definition) || _torn.Contains(definition) || definition.Replicas.Any(replica => replica.DrbdDeleting && (replica.Role == DrbdRole.Primary || definition.Replicas.Any(peer => peer.Role == DrbdRole.Primary && replica.Peers.Contains(peer.Node)))) || Storage.EffectiveProperty(definition, QuorumSetting.Key) is null or "off"
        || (Storage.EffectiveProperty(definition, QuorumSetting.AllowTwoPrimariesKey) == "yes")
        || definition.Replicas.Any(replica => replica is { QuorumPolicy: null or "off" } && (replica.Node is { SatelliteHangs: true } or { IsAdjusted: false } || replica.Node.Status != ConnectionStatus.Online)); // LINSTOR's orders do not reach it

    /// <summary>Whether two nodes may be Primary at a time.</summary>
    public bool IsShared(string resource) => DefinitionOf(resource) is { } definition && Storage.EffectiveProperty(definition, QuorumSetting.AllowTwoPrimariesKey) == "yes";

    public ResourceDefinition? DefinitionOf(string resource) => Storage.FindDefinition(Plan.Setup.Definition(VolumeOf(resource)));

    /// <summary>Records that a node's replicas are no longer members, and that not every node learns of it.</summary>
    public void Tear(StorageNode node)
    {
        foreach (var definition in Storage.Definitions.Where(definition => definition.Listed.Any(replica => replica.Node == node)))
        {
            Tear(definition);
            Move(definition);
        }
    }

    /// <summary>Records that the members of a resource change, and that not every node learns of it.</summary>
    public void Tear(ResourceDefinition definition) => _torn.Add(definition);

    /// <summary>Whether members of the resource have changed and not every node has learned of it.</summary>
    public bool IsTorn(ResourceDefinition definition) => _torn.Contains(definition);

    /// <summary>Whether DRBD on the node applies the policy that LINSTOR shows. It may not if a satellite hangs or is slow to apply its configuration while it is ONLINE; no observer can see that.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="node">The node.</param>
    /// <param name="mayHaveHung">Whether the satellite may have hung when LINSTOR last reached it.</param>
    public bool AppliesPolicy(string resource, string node, bool mayHaveHung) =>
        DefinitionOf(resource)?.Replicas.FirstOrDefault(replica => replica.Node.Name == Kubernetes.LinstorNameOf(node)) is not { } replica
        || (!replica.Node.SatelliteHangs && !(mayHaveHung && replica.Node.Status != ConnectionStatus.Online) && (replica.Node.IsAdjusted || Plan.Setup.Adjust < Oracle.LongestDetection))
        || replica.QuorumPolicy == (Storage.EffectiveProperty(replica.Definition, replica.Node, QuorumSetting.Key) ?? "off");

    /// <summary>Whether DRBD on the node has another quorum policy than LINSTOR shows.</summary>
    public bool LacksPolicy(string resource, string node) => DefinitionOf(resource)?.Replicas.FirstOrDefault(replica => replica.Node.Name == Kubernetes.LinstorNameOf(node)) is { } replica
        && replica.QuorumPolicy != (Storage.EffectiveProperty(replica.Definition, replica.Node, QuorumSetting.Key) ?? "off");

    /// <summary>Whether LINSTOR lists a replica of the resource on the node.</summary>
    public bool IsListed(string resource, string node) => DefinitionOf(resource)?.Listed.Any(replica => replica.Node.Name == Kubernetes.LinstorNameOf(node)) == true;

    /// <summary>Whether another node with the resource reports true state to LINSTOR. If every node that LINSTOR reaches repeats stale state, no observer can notice.</summary>
    public bool IsWitnessed(string resource, string node) => DefinitionOf(resource) is { } definition
        && definition.Listed.Any(replica => replica.Node.Name != Kubernetes.LinstorNameOf(node) && replica.Node is { Status: ConnectionStatus.Online, SatelliteHangs: false });

    /// <summary>Records that the resource's quorum is turned off.</summary>
    public void Loosen(ResourceDefinition definition)
    {
        _loose.Add(definition);
        _turnedOff[ScenarioSetup.Handle(VolumeOf(definition))] = EventQueue.Now;
        _tampered.Add(ScenarioSetup.Handle(VolumeOf(definition)));
    }

    /// <summary>Records that the resource's quorum is turned on again. A node that does not receive the change goes on without it, and a process that starts later cannot know.</summary>
    public void TurnOn(ResourceDefinition definition) => _turnedOn[ScenarioSetup.Handle(VolumeOf(definition))] = EventQueue.Now;

    /// <summary>Whether an administrator has changed the resource so that caution beats speed: a replica that was moved away, or left without quorum, may live on unseen.</summary>
    public bool WasTamperedWith(string resource) => _tampered.Contains(resource);

    /// <summary>Notes that a replica was moved to another node.</summary>
    public void Move(ResourceDefinition definition) => _tampered.Add(ScenarioSetup.Handle(VolumeOf(definition)));

    /// <summary>Whether the process could know since when the resource has its quorum policy, because LINSTOR reported the last time without one. A process that is frozen then, or does not reach LINSTOR, cannot.</summary>
    public bool KnowsPolicy(SimulatedController controller, string resource, string node) => (_knownUnfenced.TryGetValue((controller, controller.Life, new(resource)), out var known) && known >= _turnedOff.GetValueOrDefault(resource))
        || !(_turnedOn.ContainsKey(resource) || DefinitionOf(resource)?.Replicas.Any(replica => replica.Node.Name == Kubernetes.LinstorNameOf(node) && replica.QuorumPolicy is null or "off") == true);
}
