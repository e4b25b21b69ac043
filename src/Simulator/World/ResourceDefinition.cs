using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>Defaults that resource definitions share.</summary>
public sealed class ResourceGroup
{
    internal ResourceGroup(string name, string uuid)
    {
        Name = name;
        Uuid = uuid;
    }

    /// <summary>The name, spelled as at creation.</summary>
    public string Name { get; }

    /// <summary>The group's own properties, keys without a leading slash.</summary>
    public SortedDictionary<string, string> Properties { get; } = new(StringComparer.Ordinal);

    internal string Uuid { get; }
}

/// <summary>A replicated device: its settings and its replicas. Change it through <see cref="StorageWorld"/>.</summary>
public sealed class ResourceDefinition
{
    private readonly HashSet<(DrbdReplica, DrbdReplica)> _splitBrain = [];
    private DrbdReplica[] _configuration = [];
    private DrbdReplica[] _listed = [];
    private int _generations;
    private int _ordinals;

    internal ResourceDefinition(string name, ResourceGroup group, int volumes, ImmutableArray<string> layers, int ordinal, string uuid)
    {
        Name = name;
        Group = group;
        Volumes = volumes;
        Layers = layers;
        Ordinal = ordinal;
        Uuid = uuid;
    }

    /// <summary>The name, spelled as at creation.</summary>
    public string Name { get; }

    /// <summary>The group it inherits from.</summary>
    public ResourceGroup Group { get; }

    /// <summary>How many volumes; all of them fail and recover together.</summary>
    public int Volumes { get; }

    /// <summary>The layer stack from the top, as LINSTOR names them: <c>DRBD</c>, <c>STORAGE</c>.</summary>
    public ImmutableArray<string> Layers { get; }

    /// <summary>The definition's own properties, keys without a leading slash.</summary>
    public SortedDictionary<string, string> Properties { get; } = new(StringComparer.Ordinal);

    /// <summary>All replicas that truly hold data of this resource, including those that LINSTOR has forgotten.</summary>
    public IReadOnlyList<DrbdReplica> Replicas => Members;

    /// <summary>The replicas that LINSTOR lists, ordered by node.</summary>
    public IReadOnlyList<DrbdReplica> Listed
    {
        get
        {
            var count = 0;
            var isSame = true;
            foreach (var member in Members)
            {
                count += member.Forgotten ? 0 : 1;
                isSame &= member.Forgotten || Array.IndexOf(_listed, member) >= 0;
            }

            return isSame && count == _listed.Length ? _listed
                : _listed = [.. Members.Where(replica => !replica.Forgotten).OrderBy(replica => replica.Node.Name, StringComparer.OrdinalIgnoreCase)];
        }
    }

    /// <summary>DRBD is the top layer.</summary>
    public bool IsDrbd => Layers is ["DRBD", ..];

    internal List<DrbdReplica> Members { get; } = [];

    internal int Ordinal { get; }

    /// <summary>The uuid of this incarnation.</summary>
    public string Uuid { get; }

    internal bool Deleting { get; set; }

    internal int NextGeneration() => ++_generations;

    internal int NextOrdinal() => ++_ordinals;

    /// <summary>The lowest DRBD node id that no replica has, including those that LINSTOR has forgotten.</summary>
    internal int FreeNodeId() => Enumerable.Range(0, Members.Count + 1).First(id => Members.TrueForAll(member => member.NodeId != id));

    /// <summary>The members that LINSTOR configures; DRBD counts these on every node that takes orders. Returns the same array while they do not change.</summary>
    internal DrbdReplica[] Configuration()
    {
        var index = 0;
        foreach (var member in Members)
        {
            if (!member.Estranged && (index >= _configuration.Length || _configuration[index++] != member))
            {
                return _configuration = [.. Members.Where(one => !one.Estranged)];
            }
        }

        return index == _configuration.Length ? _configuration : _configuration = [.. Members.Where(one => !one.Estranged)];
    }

    internal bool SplitBrain(DrbdReplica one, DrbdReplica other) => _splitBrain.Contains(Pair(one, other));

    internal void Diverge(DrbdReplica one, DrbdReplica other) => _splitBrain.Add(Pair(one, other));

    internal IEnumerable<DrbdReplica> ConnectedPeers(DrbdReplica replica) => Members.Where(other => replica.IsConnectedTo(other));

    private static (DrbdReplica, DrbdReplica) Pair(DrbdReplica one, DrbdReplica other) => one.Ordinal < other.Ordinal ? (one, other) : (other, one);
}
