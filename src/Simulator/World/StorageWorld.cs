using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>Machines with DRBD, what LINSTOR knows of them, and everything that can go wrong with both.</summary>
/// <remarks>
/// A pure model: it has no clock, no task and no socket. Time passes when <see cref="RunUntil"/> says so. It is not thread-safe;
/// <c>LinstorServer</c> drives it in real time under a lock. Names compare without case.
/// </remarks>
public sealed partial class StorageWorld
{
    private const string TieBreakerKey = "DrbdOptions/auto-add-quorum-tiebreaker";

    private readonly SortedDictionary<string, StorageNode> _nodes = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, StorageNode> _lost = new(StringComparer.OrdinalIgnoreCase);
    private readonly SortedDictionary<string, ResourceGroup> _groups = new(StringComparer.OrdinalIgnoreCase);
    private readonly SortedDictionary<string, ResourceDefinition> _definitions = new(StringComparer.OrdinalIgnoreCase);
    private readonly Network _network;
    private readonly Replication _replication;
    private readonly SatelliteSessions _satelliteSessions;
    private int _identities;

    /// <summary>An empty world with LINSTOR running, set up as the Piraeus operator does: <c>suspend-io</c>, <c>force-secondary</c>.</summary>
    public StorageWorld(StorageTimings? timings = null)
    {
        Timings = timings ?? new StorageTimings();
        _network = new(EventQueue, () => Timings, (one, other) => SettleAllOn(one, other));
        _replication = new(EventQueue, _network, () => Timings, Option, PolicyOn, Settle);
        _satelliteSessions = new(EventQueue, () => Timings, ForgetAllOf, PublishAllOf, AdjustAllOf);
        ControllerProperties[QuorumSetting.OnNoQuorumKey] = "suspend-io";
        ControllerProperties["DrbdOptions/Resource/on-no-data-accessible"] = "suspend-io";
        ControllerProperties[QuorumSetting.OnSuspendedPrimaryOutdatedKey] = "force-secondary";
        ControllerProperties["DrbdOptions/Net/rr-conflict"] = "retry-connect";
        ControllerProperties[TieBreakerKey] = "True";
        ControllerProperties["DrbdOptions/AutoEvictAllowEviction"] = "false";
        AddGroup("DfltRscGrp");
    }

    /// <summary>LINSTOR told its subscribers something about its nodes.</summary>
    public event Action<NodeEvent>? NodeChanged;

    /// <summary>The truth about a resource, or what LINSTOR knows of it, may have changed.</summary>
    public event Action<ResourceDefinition>? Settled;

    /// <summary>The LINSTOR controller process has ended (false) or begun (true).</summary>
    public event Action<bool>? LinstorRunningChanged;

    /// <summary>What happens next. Plan a fault ahead with <c>world.EventQueue.After(…, () => world.PowerOff("node-a"))</c>.</summary>
    public EventQueue EventQueue { get; } = new();

    /// <summary>How long things take; what is planned already keeps its old time.</summary>
    public StorageTimings Timings { get; set; }

    /// <summary>What the LINSTOR controller knows of replicas, and tells.</summary>
    public LinstorKnowledge Knowledge { get; } = new();

    /// <summary>The LINSTOR controller process runs.</summary>
    public bool LinstorRuns => _satelliteSessions.Running;

    /// <summary>The nodes in LINSTOR, by name.</summary>
    public IReadOnlyCollection<StorageNode> Nodes => _nodes.Values;

    /// <summary>The resource definitions in LINSTOR, by name.</summary>
    public IReadOnlyCollection<ResourceDefinition> Definitions => _definitions.Values;

    /// <summary>The resource groups in LINSTOR, by name.</summary>
    public IReadOnlyCollection<ResourceGroup> Groups => _groups.Values;

    /// <summary>Properties that everything inherits.</summary>
    public SortedDictionary<string, string> ControllerProperties { get; } = new(StringComparer.Ordinal);

    /// <summary>The node of that name; null if LINSTOR knows none.</summary>
    public StorageNode? FindNode(string name) => _nodes.GetValueOrDefault(name);

    /// <summary>The definition of that name; null if there is none.</summary>
    public ResourceDefinition? FindDefinition(string name) => _definitions.GetValueOrDefault(name);

    /// <summary>The group of that name; null if there is none.</summary>
    public ResourceGroup? FindGroup(string name) => _groups.GetValueOrDefault(name);

    /// <summary>The replica that LINSTOR lists on a node; null if there is none.</summary>
    public DrbdReplica? FindReplica(string resource, string node) => FindDefinition(resource)?.Members.Find(replica => !replica.Forgotten && IsNamed(replica.Node, node));

    /// <summary>What LINSTOR knows of a replica; null if it has no live data.</summary>
    public ReplicaReport? KnownOf(string resource, string node) => FindReplica(resource, node) is { } replica ? Knowledge.About(replica) : null;

    /// <summary>Lets time pass until <paramref name="end"/>, measured from the beginning of the world.</summary>
    public void RunUntil(TimeSpan end) => EventQueue.RunUntil(end);

    /// <summary>Lets time pass.</summary>
    public void RunFor(TimeSpan duration) => EventQueue.RunUntil(EventQueue.Now + duration);

    /// <summary>Adds a node that is up and connected; one that was declared lost comes back on its machine as that is, with another uuid and without its replicas.</summary>
    /// <param name="uname">What the machine calls itself, if not <paramref name="name"/>.</param>
    public StorageNode AddNode(string name, string? uname = null)
    {
        if (_lost.Remove(name, out var returned))
        {
            returned.BeginAnew(NextUuid());
            _nodes.Add(returned.Name, returned);
            NodeChanged?.Invoke(new("node-create", returned.Describe()));
            _satelliteSessions.Reconsider(returned);
            SettleAll();
            return returned;
        }

        var node = new StorageNode(name, uname ?? name, $"10.0.0.{_nodes.Count + 1}", NextUuid());
        _network.Join(node, [.. _nodes.Values, .. _lost.Values]);
        _nodes.Add(name, node);
        NodeChanged?.Invoke(new("node-create", node.Describe()));
        return node;
    }

    /// <summary>Adds several nodes that are up and connected.</summary>
    public void AddNodes(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            AddNode(name);
        }
    }

    /// <summary>Adds a resource group without properties.</summary>
    public ResourceGroup AddGroup(string name) => _groups[name] = new(name, NextUuid());

    /// <summary>Adds a resource as it is when it has settled: deployed, synchronised, used by nobody, with the quorum that LINSTOR chooses.</summary>
    /// <param name="diskful">Nodes with data.</param>
    /// <param name="tieBreaker">A node without data that LINSTOR added for quorum.</param>
    /// <param name="diskless">Nodes without data that were added on purpose.</param>
    /// <param name="group">An existing group; LINSTOR's default group if null.</param>
    /// <param name="volumes">How many volumes; 0 is legal.</param>
    /// <param name="layers">The stack from the top; DRBD over storage if null.</param>
    public ResourceDefinition AddResource(
        string name,
        IReadOnlyList<string> diskful,
        string? tieBreaker = null,
        IReadOnlyList<string>? diskless = null,
        string? group = null,
        int volumes = 1,
        ImmutableArray<string>? layers = null)
    {
        var definition = AddDefinition(name, group, volumes, layers);
        Place(definition, diskful, ReplicaKind.Diskful);
        Place(definition, diskless ?? [], ReplicaKind.Diskless);
        Place(definition, tieBreaker is null ? [] : [tieBreaker], ReplicaKind.TieBreaker);
        ChooseQuorum(definition);
        BringUp(definition);
        return definition;
    }

    /// <summary>Adds a definition without resources.</summary>
    /// <inheritdoc cref="AddResource"/>
    public ResourceDefinition AddDefinition(string name, string? group = null, int volumes = 1, ImmutableArray<string>? layers = null)
    {
        var definition = new ResourceDefinition(
            name,
            FindGroup(group ?? "DfltRscGrp") ?? throw new ArgumentException($"There is no resource group {group}."),
            volumes,
            layers ?? ["DRBD", "STORAGE"],
            _definitions.Count,
            NextUuid());
        _definitions.Add(name, definition);
        ChooseQuorum(definition);
        return definition;
    }

    private static bool IsNamed(StorageNode node, string name) => string.Equals(node.Name, name, StringComparison.OrdinalIgnoreCase);

    private static void Place(StorageWorld world, ResourceDefinition definition, string node, ReplicaKind kind)
    {
        // What LINSTOR had forgotten there is configured anew, as the new replica.
        definition.Members.RemoveAll(member => member.Forgotten && IsNamed(member.Node, node));
        var replica = new DrbdReplica(definition, world.Node(node), kind, world.NextUuid(), world.EventQueue.Now);
        definition.Members.Add(replica);
        replica.Configured = definition.Configuration();
    }

    private void Place(ResourceDefinition definition, IReadOnlyList<string> nodes, ReplicaKind kind)
    {
        foreach (var node in nodes)
        {
            Place(this, definition, node, kind);
        }
    }

    private void BringUp(ResourceDefinition definition)
    {
        var generation = definition.NextGeneration();
        foreach (var replica in definition.Members)
        {
            replica.Up = true;
            if (!replica.Diskless)
            {
                (replica.Disk, replica.Lineage) = (DiskState.UpToDate, [generation]);
            }
        }

        Settle(definition);
    }

    /// <summary>The machine of that name, whether LINSTOR knows it or has given it up.</summary>
    public StorageNode Machine(string name) => FindNode(name) ?? _lost.GetValueOrDefault(name) ?? throw new ArgumentException($"There is no machine {name}.");

    private StorageNode Node(string name) => FindNode(name) ?? throw new ArgumentException($"There is no node {name}.");

    private ResourceDefinition Definition(string name) => FindDefinition(name) ?? throw new ArgumentException($"There is no resource definition {name}.");

    private string NextUuid() => $"00000000-0000-4000-8000-{++_identities:x12}";
}
