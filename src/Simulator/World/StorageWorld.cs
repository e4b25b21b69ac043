using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>Machines with DRBD, LINSTOR's knowledge of them, and the faults of both.</summary>
/// <remarks>
/// A pure model without clock, task or socket. Time advances only in <see cref="RunUntil"/>. It is not thread-safe;
/// <c>LinstorServer</c> drives it in real time under a lock. Names are case-insensitive.
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

    /// <summary>An empty world with LINSTOR running, configured like the Piraeus operator: <c>suspend-io</c>, <c>force-secondary</c>.</summary>
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

    /// <summary>Raised when LINSTOR sends its subscribers a node event.</summary>
    public event Action<NodeEvent>? NodeChanged;

    /// <summary>Raised when the true state of a resource, or LINSTOR's knowledge of it, may have changed.</summary>
    public event Action<ResourceDefinition>? Settled;

    /// <summary>Raised when the LINSTOR controller process has ended (false) or started (true).</summary>
    public event Action<bool>? LinstorRunningChanged;

    /// <summary>The scheduled events. Schedule a fault ahead with <c>world.EventQueue.After(…, () => world.PowerOff("node-a"))</c>.</summary>
    public EventQueue EventQueue { get; } = new();

    /// <summary>The simulated delays; events already scheduled keep their time.</summary>
    public StorageTimings Timings { get; set; }

    /// <summary>The LINSTOR controller's knowledge of replicas, and its change events.</summary>
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

    /// <summary>Advances time to <paramref name="end"/>, measured since the world began.</summary>
    public void RunUntil(TimeSpan end) => EventQueue.RunUntil(end);

    /// <summary>Advances time by an interval.</summary>
    public void RunFor(TimeSpan duration) => EventQueue.RunUntil(EventQueue.Now + duration);

    /// <summary>Adds a node that is up and connected. A node that was declared lost returns on its machine in that machine's state, with another uuid and without its replicas.</summary>
    /// <param name="uname">The machine's host name, if not <paramref name="name"/>.</param>
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

    /// <summary>Adds a settled resource: deployed, synchronised, unused, with the quorum that LINSTOR chooses.</summary>
    /// <param name="diskful">Nodes with data.</param>
    /// <param name="tieBreaker">A node without data that LINSTOR added for quorum.</param>
    /// <param name="diskless">Nodes without data that were added on purpose.</param>
    /// <param name="group">An existing group; LINSTOR's default group if null.</param>
    /// <param name="volumes">How many volumes; 0 is valid.</param>
    /// <param name="layers">The layer stack from the top; DRBD over storage if null.</param>
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
        // A replica that LINSTOR had forgotten there is configured anew, as the new replica.
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

    /// <summary>The machine of that name, whether LINSTOR knows it or has declared it lost.</summary>
    public StorageNode Machine(string name) => FindNode(name) ?? _lost.GetValueOrDefault(name) ?? throw new ArgumentException($"There is no machine {name}.");

    private StorageNode Node(string name) => FindNode(name) ?? throw new ArgumentException($"There is no node {name}.");

    private ResourceDefinition Definition(string name) => FindDefinition(name) ?? throw new ArgumentException($"There is no resource definition {name}.");

    private string NextUuid() => $"00000000-0000-4000-8000-{++_identities:x12}";
}
