namespace Piraeus.HighAvailability.Core.Tests.Rehearsals;

/// <summary>
/// What is really so: which nodes live, which links hold, who is DRBD Primary. Each resource has three replicas; where its quorum policy
/// is <c>majority</c> a partition of two has quorum and a replica alone has none, and where it is <c>off</c> everybody may always write.
/// </summary>
internal sealed class Truth(int nodes, bool[] fenced)
{
    /// <summary>The process that holds a device open: it outlives its pod on a node that nobody reaches.</summary>
    private readonly HashSet<(int Node, int Resource)> _primaries = [];
    private readonly int[][] _replicas = [.. Enumerable.Range(0, nodes).Select(resource => Enumerable.Range(resource, 3).Select(node => node % nodes).ToArray())];
    private readonly Dictionary<(int Node, int Resource), (bool HasQuorum, Instant Since)> _quorum = [];

    private readonly bool[] _powered = [.. Enumerable.Repeat(true, nodes)];
    private readonly bool[] _satelliteRuns = [.. Enumerable.Repeat(true, nodes)];
    private readonly HashSet<(int Node, int Resource)> _isolated = [];

    /// <summary>Whether nothing has changed since it was last settled.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>Replicas of resource r are on nodes r, r + 1 and r + 2, the last of them without a disk where the number is odd.</summary>
    public int[] ReplicasOf(int resource) => _replicas[resource];

    public bool IsDiskless(int node, int resource) => resource % 2 == 1 && ReplicasOf(resource)[2] == node;

    public bool IsPrimary(int node, int resource) => _primaries.Contains((node, resource));

    public bool AreLinked(int one, int other, int resource) =>
        one == other ? _powered[one] : _powered[one] && _powered[other] && !_isolated.Contains((one, resource)) && !_isolated.Contains((other, resource));

    public bool HasQuorum(int node, int resource) => PartitionOf(node, resource).Count >= (fenced[resource] ? 2 : 1);

    public bool MayPromote(int node, int resource) =>
        HasQuorum(node, resource) && !PartitionOf(node, resource).Exists(member => IsPrimary(member, resource));

    public bool IsReachable(int node) => _powered[node] && _satelliteRuns[node];

    public string PolicyOf(int resource) => fenced[resource] ? "majority" : "off";

    /// <summary>Whether the node's replica has quorum, and could so write, and from when on.</summary>
    public (bool HasQuorum, Instant Since) QuorumOf(int node, int resource) => _quorum[(node, resource)];

    public void TryPromote(int node, int resource)
    {
        if (MayPromote(node, resource))
        {
            IsSettled &= !_primaries.Add((node, resource));
        }
    }

    public void Demote(int node, int resource) => IsSettled &= !_primaries.Remove((node, resource));

    public void Power(int node, bool on)
    {
        (_powered[node], IsSettled) = (on, false);
        _primaries.RemoveWhere(primary => primary.Node == node);
    }

    public void Satellite(int node, bool runs) => (_satelliteRuns[node], IsSettled) = (runs, false);

    public void Isolate(int node, IEnumerable<int> resources)
    {
        IsSettled = false;
        _isolated.UnionWith(resources.Select(resource => (node, resource)));
    }

    public void Rejoin(int node)
    {
        IsSettled = false;
        _isolated.RemoveWhere(isolated => isolated.Node == node);
    }

    /// <summary>Notes who has quorum from now on; of two Primaries that meet, the one that had none has lost.</summary>
    public void Settle(Instant now)
    {
        foreach (var (node, resource) in _primaries.Where(HadNone).ToList())
        {
            if (_primaries.Any(other => other.Resource == resource && other.Node != node && AreLinked(node, other.Node, resource)))
            {
                Demote(node, resource);
            }
        }

        foreach (var key in Enumerable.Range(0, fenced.Length).SelectMany(resource => ReplicasOf(resource).Select(node => (node, resource))))
        {
            var has = HasQuorum(key.node, key.resource);
            if (!_quorum.TryGetValue(key, out var before) || before.HasQuorum != has)
            {
                _quorum[key] = (has, now);
            }
        }

        var writers = _primaries.Where(primary => HasQuorum(primary.Node, primary.Resource)).ToList();
        Assert.True(writers.DistinctBy(writer => writer.Resource).Count() == writers.Count, "two Primaries of one resource can write");

        IsSettled = true;

        bool HadNone((int, int) primary) => _quorum.TryGetValue(primary, out var before) && !before.HasQuorum;
    }

    /// <summary>One replica as LINSTOR would tell of it: silent where its satellite is not reached.</summary>
    public Replica Tell(int node, int resource)
    {
        var replica = new Replica(Name(node)) { Diskless = IsDiskless(node, resource) };
        return !IsReachable(node) ? replica : replica with
        {
            Promotability = TellPromotability(node, resource),
            Usage = IsPrimary(node, resource) ? Usage.InUse : Usage.Unused,
            Connections = [.. ReplicasOf(resource).Where(peer => peer != node).Select(peer => new Connection(Name(peer).Value, AreLinked(node, peer, resource)))],
        };
    }

    public Promotability TellPromotability(int node, int resource) =>
        !IsReachable(node) ? Promotability.Unknown : MayPromote(node, resource) ? Promotability.MayPromote : Promotability.MayNotPromote;

    public Satellite TellSatellite(int node) => new(Name(node), IsReachable(node) ? SatelliteState.Online : SatelliteState.Offline);

    public static NodeName Name(int node) => new($"n{node}");

    private List<int> PartitionOf(int node, int resource) => [.. ReplicasOf(resource).Where(member => AreLinked(node, member, resource))];
}
