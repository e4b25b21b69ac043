namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>
/// A small cluster for scenarios: nodes a, b and c, resource <c>pvc-1</c> on all three, in use on a by pod
/// <c>default/app-0</c> through claim <c>data</c> and volume <c>pv-1</c>. LINSTOR and Kubernetes answer at once, from the facts set here.
/// </summary>
internal sealed partial class Scenario
{
    public static readonly ResourceName Pvc1 = new("pvc-1");
    public static readonly ObjectKey Data = new("default", "data");

    private readonly Dictionary<ResourceName, (string? Quorum, Dictionary<NodeName, Replica> Replicas)> _resources = [];
    private readonly Dictionary<NodeName, Satellite> _satellites = [];
    private readonly Dictionary<Uid, Pod> _pods = [];
    private readonly Dictionary<NodeName, HashSet<string>> _volumesInUse = [];
    private readonly Dictionary<NodeName, bool> _ready = [];
    private readonly List<Decision> _done = [];
    private readonly FailoverSettings _settings;
    private int _replacements;
    private Verdict _verdict = new([], null);
    private bool _linstorAnswers = true;

    private Scenario(FailoverSettings settings) => (_settings, Cluster) = (settings, ClusterSnapshot.For(settings));

    public ClusterSnapshot Cluster { get; private set; }

    public Instant Now { get; private set; } = Instant.Start + TimeSpan.FromSeconds(100);

    /// <summary>The names of the pods deleted and attachments detached so far, in order.</summary>
    public IEnumerable<string> Moves => _done.Select(decision => decision switch
    {
        Decision.DeletePod o => $"delete {o.Pod.Key.Name} on {o.Pod.Node}",
        Decision.DeleteAttachment o => $"detach {o.Attachment.Name}",
        Decision.TaintNode o => $"taint {o.Node.Name}",
        Decision.UntaintNode o => $"untaint {o.Node.Name}",
        Decision.ClearVolumesInUse o => $"release {string.Join(' ', o.Volumes)} from {o.Node.Name}",
        _ => "",
    }).Where(move => move.Length > 0);

    /// <summary>The reasons to hold that stand now and are overdue.</summary>
    public IEnumerable<HoldReason> Holds => _verdict.Decisions.OfType<Decision.Hold>().Where(hold => hold.Overdue).Select(hold => hold.Reason).Distinct();

    /// <summary>Every reason to hold that stands now.</summary>
    public IEnumerable<HoldReason> AllHolds => _verdict.Decisions.OfType<Decision.Hold>().Select(hold => hold.Reason).Distinct();

    /// <summary>The texts of all holds that stand now.</summary>
    public IEnumerable<string> Sentences => _verdict.Decisions.OfType<Decision.Hold>().Select(DecisionText.Of);

    /// <summary>How often LINSTOR was asked about a resource.</summary>
    public int Consultations { get; private set; }

    /// <summary>The answer to a mutation; by default it is accepted, and the object is gone at once.</summary>
    public Func<Decision, MutationOutcome> Answers { get; set; } = _ => MutationOutcome.Accepted;

    /// <summary>The queries that get no answer, although LINSTOR and Kubernetes are reachable.</summary>
    public Func<Decision, bool> Ignores { get; set; } = _ => false;

    /// <summary>Whether the quorum policy cannot be read.</summary>
    public bool HidesPolicy { get; set; }

    /// <summary>Whether definitions have no policy of their own, and LINSTOR's controller has it.</summary>
    public bool InheritsPolicy { get; set; }

    /// <summary>The resources that may have two Primaries.</summary>
    public HashSet<string> TwoPrimaries { get; } = [];

    /// <summary>The resources of which it cannot be read whether they may have two Primaries.</summary>
    public HashSet<string> HidesTwoPrimaries { get; } = [];

    /// <summary>The nodes whose taint an administrator has removed.</summary>
    public HashSet<string> Untainted { get; } = [];

    /// <summary>Whether a deletion is seen by the watch as soon as it is answered.</summary>
    public bool WatchIsPrompt { get; set; } = true;

    /// <summary>Whether the external attacher lets go of a deleted attachment at once.</summary>
    public bool AttacherLetsGo { get; set; } = true;

    /// <summary>Whether Kubernetes answers which pods are on a node.</summary>
    public bool Surveys { get; set; } = true;

    /// <summary>The newest warning that Kubernetes has, about every object.</summary>
    public string? Warning { get; set; }

    /// <summary>The errors of the program in the last verdict.</summary>
    public IEnumerable<Exception> Errors => _verdict.Errors;

    /// <summary>The texts that report stuck failovers.</summary>
    public IEnumerable<string> StuckReports => _verdict.Decisions.OfType<Decision.ReportStuck>().Select(DecisionText.Of);

    /// <summary>A resource that the stream and an answer have reported.</summary>
    public Scenario Resource(string name, string? inUseOn, string? quorum = "majority", params string[] nodes) => Resource(name, inUseOn, change: null, quorum, nodes);

    private Scenario Resource(string name, string? inUseOn, Func<Replica, Replica>? change, string? quorum, params string[] nodes)
    {
        nodes = nodes.Length == 0 ? ["a", "b", "c"] : nodes;
        change ??= replica => replica;
        _resources[new(name)] = (quorum, nodes.ToDictionary(node => new NodeName(node), node => change(new Replica(new(node))
        {
            Promotability = inUseOn is null ? Promotability.MayPromote : Promotability.MayNotPromote,
            Usage = node == inUseOn ? Usage.InUse : Usage.Unused,
            Score = 10103,
            Connections = [.. nodes.Where(peer => peer != node).Select(peer => new Connection(peer, Up: true))],
        })));
        foreach (var replica in _resources[new(name)].Replicas.Values)
        {
            Observe(new Observation.PromotionChanged(new(name), replica.Node, replica.Promotability));
        }

        return Report(name);
    }

    /// <summary>Sets what LINSTOR would answer about a resource that has not been reported yet.</summary>
    public Scenario Facts(string name, string? quorum, IEnumerable<Replica> replicas)
    {
        _resources[new(name)] = (quorum, replicas.ToDictionary(replica => replica.Node));
        return this;
    }

    public Scenario Quorum(string? policy, string resource = "pvc-1")
    {
        _resources[new(resource)] = (policy, _resources[new(resource)].Replicas);
        return this;
    }

    /// <summary>Changes a replica's facts; the stream reports it if its promotability changed.</summary>
    public Scenario Replica(string node, Func<Replica, Replica> change, string resource = "pvc-1", bool streamed = true)
    {
        var replicas = _resources[new(resource)].Replicas;
        var before = replicas[new(node)];
        replicas[new(node)] = change(before);
        return streamed && replicas[new(node)].Promotability != before.Promotability
            ? Observe(new Observation.PromotionChanged(new(resource), new(node), replicas[new(node)].Promotability))
            : this;
    }

    public Scenario Remove(string node, string resource = "pvc-1")
    {
        _resources[new(resource)].Replicas.Remove(new(node));
        return this;
    }

    public Scenario RemoveDefinition(string resource = "pvc-1")
    {
        _resources.Remove(new(resource));
        return this;
    }

    public Scenario MayPromote(string node, string resource = "pvc-1") =>
        Replica(node, replica => replica with { Promotability = Promotability.MayPromote }, resource);

    public Scenario MayNotPromote(string node, string resource = "pvc-1") =>
        Replica(node, replica => replica with { Promotability = Promotability.MayNotPromote }, resource);

    /// <summary>The node finds that it has no quorum: it may not promote, whether there is a Primary or not.</summary>
    public Scenario LosesQuorum(string node, string resource = "pvc-1") =>
        Replica(node, replica => replica with { Promotability = Promotability.MayNotPromote, Score = 0 }, resource);

    public Scenario Link(string from, string to, bool up, string resource = "pvc-1") => Replica(from, replica => replica with
    {
        Connections = [.. replica.Connections.Select(connection => connection.Peer.Split('.')[0] == to ? connection with { Up = up } : connection)],
    }, resource);

    public Scenario Satellite(string node, SatelliteState state, bool streamed = true) => Satellite(node, satellite => satellite with { State = state }, streamed);

    public Scenario Satellite(string node, Func<Satellite, Satellite> change, bool streamed = true)
    {
        _satellites[new(node)] = change(_satellites[new(node)]);
        return !streamed ? this : Observe(new Observation.SatellitesListed([.. _satellites.Values], Now));
    }

    public Scenario Satellites(params Satellite[] satellites)
    {
        _satellites.Clear();
        foreach (var satellite in satellites)
        {
            _satellites[satellite.Name] = satellite;
        }

        return Observe(new Observation.SatellitesListed([.. satellites], Now));
    }

    public Scenario LinstorGoesAway(bool isStreamIntact = false)
    {
        _linstorAnswers = false;
        return Observe(new Observation.SourceLost(Source.Linstor) { IsStreamIntact = isStreamIntact });
    }

    public Scenario LinstorComesBack()
    {
        _linstorAnswers = true;
        return Observe(new Observation.SatellitesListed([.. _satellites.Values], Now));
    }

    public Scenario Report(string resource)
    {
        Consultations++;
        Now += TimeSpan.FromMilliseconds(1);
        return Observe(new Observation.ResourceReported(ReportOf(new(resource))));
    }

    /// <summary>What LINSTOR would answer now.</summary>
    public ResourceReport ReportOf(ResourceName resource) => _resources.TryGetValue(resource, out var facts)
        ? new(resource, true, [.. facts.Replicas.Values], Now) { QuorumProperties = HidesPolicy ? null : InheritsPolicy ? new(null, facts.Quorum?.ToLowerInvariant()) : new(facts.Quorum?.ToLowerInvariant(), null), AllowsTwoPrimaries = HidesTwoPrimaries.Contains(resource.Value) ? null : TwoPrimaries.Contains(resource.Value) }
        : new(resource, false, [], Now);

    public Scenario Observe(Observation seen)
    {
        Cluster = Cluster.Apply(seen, Now);
        return this;
    }
}
