using System.Globalization;

namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>
/// A little cluster to tell stories about: nodes a, b and c, resource <c>pvc-1</c> on all three, in use on a by pod
/// <c>default/app-0</c> through claim <c>data</c> and volume <c>pv-1</c>. LINSTOR and Kubernetes answer at once, from the facts told here.
/// </summary>
internal sealed class Scene
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

    private Scene(FailoverSettings settings) => (_settings, Cluster) = (settings, ClusterSnapshot.For(settings));

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

    /// <summary>What is said about everything that is left alone now.</summary>
    public IEnumerable<string> Sayings => _verdict.Decisions.OfType<Decision.Hold>().Select(Sentences.Of);

    /// <summary>How often LINSTOR was asked about a resource.</summary>
    public int Consultations { get; private set; }

    /// <summary>What an action is answered; accepted, and the object gone at once, if nothing else is said.</summary>
    public Func<Decision, Answer> Answers { get; set; } = _ => Answer.Accepted;

    /// <summary>The questions that get no answer, although LINSTOR and Kubernetes are there.</summary>
    public Func<Decision, bool> Ignores { get; set; } = _ => false;

    /// <summary>Whether the quorum policy cannot be read.</summary>
    public bool HidesPolicy { get; set; }

    /// <summary>The resources that may have two Primaries.</summary>
    public HashSet<string> TwoPrimaries { get; } = [];

    /// <summary>The nodes whose taint somebody has removed.</summary>
    public HashSet<string> Untainted { get; } = [];

    /// <summary>Whether a deletion is seen by the watch as soon as it is answered.</summary>
    public bool WatchIsPrompt { get; set; } = true;

    /// <summary>Whether the external attacher lets go of a deleted attachment at once.</summary>
    public bool AttacherLetsGo { get; set; } = true;

    /// <summary>Whether Kubernetes tells which pods are on a node.</summary>
    public bool Surveys { get; set; } = true;

    /// <summary>What Kubernetes has warned of, about whatever it is asked.</summary>
    public string? Warning { get; set; }

    /// <summary>The errors of the program in the last verdict.</summary>
    public IEnumerable<Exception> Errors => _verdict.Errors;

    /// <summary>What is said of failovers that get no further.</summary>
    public IEnumerable<string> Stalls => _verdict.Decisions.OfType<Decision.ReportStuck>().Select(Sentences.Of);

    /// <summary>Nothing but nodes; a, b and c with their satellites online if nothing else is said.</summary>
    public static Scene Empty(FailoverSettings? settings = null, params Satellite[] satellites)
    {
        var scene = new Scene(settings ?? new FailoverSettings());
        foreach (var satellite in satellites is [] ? [.. "abc".Select(node => new Satellite(new($"{node}"), SatelliteState.Online))] : satellites)
        {
            scene._satellites[satellite.Name] = satellite;
        }

        return scene.Tell(new Observation.SatellitesListed([.. scene._satellites.Values], Instant.Start))
            .Tell(new Observation.Listed<Pod>([]))
            .Tell(new Observation.Listed<Volume>([]))
            .Tell(new Observation.Listed<Attachment>([]))
            .Tell(new Observation.Listed<ClusterNode>([]))
            .Tell(new Observation.Listed<CsiNode>([]));
    }

    public static Scene WithAppOn(string node, FailoverSettings? settings = null, Func<Replica, Replica>? change = null) => Empty(settings)
        .Resource("pvc-1", node, change, "majority")
        .Volume("pv-1", "data", "pvc-1")
        .Attachment("va-1", "pv-1", node)
        .Pod("app-0", node);

    /// <summary>A resource that the stream and a report have told of.</summary>
    public Scene Resource(string name, string? inUseOn, string? quorum = "majority", params string[] nodes) => Resource(name, inUseOn, change: null, quorum, nodes);

    private Scene Resource(string name, string? inUseOn, Func<Replica, Replica>? change, string? quorum, params string[] nodes)
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
            Tell(new Observation.PromotionChanged(new(name), replica.Node, replica.Promotability));
        }

        return Report(name);
    }

    /// <summary>What LINSTOR would answer about a resource that nobody has told of yet.</summary>
    public Scene Facts(string name, string? quorum, IEnumerable<Replica> replicas)
    {
        _resources[new(name)] = (quorum, replicas.ToDictionary(replica => replica.Node));
        return this;
    }

    public Scene Quorum(string? policy, string resource = "pvc-1")
    {
        _resources[new(resource)] = (policy, _resources[new(resource)].Replicas);
        return this;
    }

    /// <summary>Changes a replica's facts; the stream tells of it if its promotability changed.</summary>
    public Scene Replica(string node, Func<Replica, Replica> change, string resource = "pvc-1", bool streamed = true)
    {
        var replicas = _resources[new(resource)].Replicas;
        var before = replicas[new(node)];
        replicas[new(node)] = change(before);
        return streamed && replicas[new(node)].Promotability != before.Promotability
            ? Tell(new Observation.PromotionChanged(new(resource), new(node), replicas[new(node)].Promotability))
            : this;
    }

    public Scene Remove(string node, string resource = "pvc-1")
    {
        _resources[new(resource)].Replicas.Remove(new(node));
        return this;
    }

    public Scene RemoveDefinition(string resource = "pvc-1")
    {
        _resources.Remove(new(resource));
        return this;
    }

    public Scene MayPromote(string node, string resource = "pvc-1") =>
        Replica(node, replica => replica with { Promotability = Promotability.MayPromote }, resource);

    public Scene MayNotPromote(string node, string resource = "pvc-1") =>
        Replica(node, replica => replica with { Promotability = Promotability.MayNotPromote }, resource);

    public Scene Link(string from, string to, bool up, string resource = "pvc-1") => Replica(from, replica => replica with
    {
        Connections = [.. replica.Connections.Select(connection => connection.Peer.Split('.')[0] == to ? connection with { Up = up } : connection)],
    }, resource);

    public Scene Satellite(string node, SatelliteState state, bool told = true)
    {
        _satellites[new(node)] = _satellites[new(node)] with { State = state };
        return !told ? this : Tell(new Observation.SatellitesListed([.. _satellites.Values], Now));
    }

    public Scene Satellites(params Satellite[] satellites)
    {
        _satellites.Clear();
        foreach (var satellite in satellites)
        {
            _satellites[satellite.Name] = satellite;
        }

        return Tell(new Observation.SatellitesListed([.. satellites], Now));
    }

    /// <summary>The node loses power: its satellite and its DRBD are silent, the others gain quorum without it.</summary>
    public Scene PowerOff(string node, string resource = "pvc-1") => Silence(node, resource).OthersLose(node, resource);

    /// <summary>The node's replication links fail: its satellite lives and calls it Primary, the others gain quorum without it.</summary>
    public Scene CutOff(string node, string resource = "pvc-1")
    {
        Replica(node, replica => replica with
        {
            Promotability = Promotability.MayNotPromote,
            Score = 0,
            Connections = [.. replica.Connections.Select(connection => connection with { Up = false })],
        }, resource);
        return OthersLose(node, resource);
    }

    /// <summary>The others gain quorum without the node, which LINSTOR has not noticed yet: it repeats what the node last said.</summary>
    public Scene OnlyPeersLose(string node, string resource = "pvc-1") => OthersLose(node, resource);

    /// <summary>The node's satellite, a mere process, is away; DRBD goes on.</summary>
    public Scene Silence(string node, string resource = "pvc-1") => Satellite(node, SatelliteState.Offline) is var scene && !_resources[new(resource)].Replicas.ContainsKey(new(node)) ? scene : Satellite(node, SatelliteState.Offline)
        .Replica(node, replica => replica with { Promotability = Promotability.Unknown, Usage = Usage.Unknown, Score = null, Connections = [] }, resource);

    /// <summary>A satellite that was away is back: its DRBD says what the others of its side say of the rest.</summary>
    public Scene Speak(string node, string resource = "pvc-1") => Satellite(node, SatelliteState.Online).Replica(node, replica => replica with
    {
        Promotability = Promotability.MayPromote,
        Usage = Usage.Unused,
        Score = 10102,
        Connections = [new("a", Up: false), new("c", Up: true)],
    }, resource);

    /// <summary>The links heal before anybody promoted elsewhere.</summary>
    public Scene Heal(string node, string resource = "pvc-1")
    {
        Replica(node, replica => replica with { Score = 10103 }, resource);
        foreach (var other in Others(node, resource))
        {
            Link(other, node, up: true, resource).Link(node, other, up: true, resource).MayNotPromote(other, resource);
        }

        return this;
    }

    public Scene Volume(string name, string? claim, string? resource, string? sharedStorage = null, bool manyWriters = false) => Tell(new Observation.Seen<Volume>(
        new(name, claim is null ? null : new("default", claim))
        {
            Resource = resource is null ? null : new ResourceName(resource),
            Handle = resource is null ? null : name,
            InUsePrefix = "csi^",
            SharedStorage = sharedStorage,
            ManyWriters = manyWriters,
        }));

    public Scene VolumeGone(string name) => Tell(new Observation.Gone<Volume>(Cluster.Volumes.Find(name)!.Value.Item));

    /// <summary>Kubernetes calls the node ready, or not.</summary>
    public Scene Node(string name, bool ready)
    {
        _ready[new(name)] = ready;
        return this;
    }

    /// <summary>Lets Kubernetes tell of a node, which says to use these volumes.</summary>
    public Scene Node(string name, params string[] volumesInUse)
    {
        _volumesInUse[new(name)] = [.. volumesInUse];
        return Tell(new Observation.Seen<ClusterNode>(new(new(name), new($"uid-{name}"))));
    }

    public Scene Attachment(string name, string volume, string node, bool attached = false) =>
        Tell(new Observation.Seen<Attachment>(new(name, new($"uid-{name}"), volume, new(node)) { Attached = attached }));

    /// <summary>The pod that a StatefulSet creates in app-0's stead, as it is now.</summary>
    public Scene Replacement(string? node, Func<Pod, Pod>? change = null)
    {
        var pod = new Pod(new("default", "app-0"), new($"uid-replacement-{_replacements}"), node is null ? null : new NodeName(node))
        {
            Claims = [new("data")],
            OptedIn = true,
            Owner = new("apps/v1", "StatefulSet", "app", new("uid-set")),
        };
        pod = change?.Invoke(pod) ?? pod;
        _pods[pod.Uid] = pod;
        return Tell(new Observation.Seen<Pod>(pod));
    }

    public Scene ReplacementGone()
    {
        return _pods.Remove(new($"uid-replacement-{_replacements++}"), out var pod) ? Tell(new Observation.Gone<Pod>(pod)) : this;
    }

    public Scene Pod(string name, string? node, Func<Pod, Pod>? change = null, bool optedIn = true)
    {
        var pod = new Pod(new("default", name), new($"uid-{name}-{node}"), node is null ? null : new NodeName(node)) { Claims = [new("data")], OptedIn = optedIn };
        pod = change?.Invoke(pod) ?? pod;
        _pods[pod.Uid] = pod;
        return optedIn ? Tell(new Observation.Seen<Pod>(pod)) : this;
    }

    /// <summary>The pod is changed, and the watch has not told yet.</summary>
    public Scene PodUnseen(string name, string node, Func<Pod, Pod> change)
    {
        var uid = new Uid($"uid-{name}-{node}");
        _pods[uid] = change(_pods[uid]);
        return this;
    }

    public Scene PodGone(string name, string node)
    {
        _pods.Remove(new($"uid-{name}-{node}"), out var pod);
        return Tell(new Observation.Gone<Pod>(pod!));
    }

    /// <summary>The pod loses its label: it leaves the watch, and stays where it is.</summary>
    public Scene Unlabel(string name, string node)
    {
        var uid = new Uid($"uid-{name}-{node}");
        Tell(new Observation.Gone<Pod>(_pods[uid]));
        _pods[uid] = _pods[uid] with { OptedIn = false };
        return this;
    }

    public Scene LinstorGoesAway()
    {
        _linstorAnswers = false;
        return Tell(new Observation.SourceLost(Source.Linstor));
    }

    public Scene LinstorComesBack()
    {
        _linstorAnswers = true;
        return Tell(new Observation.SatellitesListed([.. _satellites.Values], Now));
    }

    public Scene Report(string resource)
    {
        Consultations++;
        Now += TimeSpan.FromMilliseconds(1);
        return Tell(new Observation.ResourceReported(ReportOf(new(resource))));
    }

    /// <summary>What LINSTOR would answer now.</summary>
    public ResourceReport ReportOf(ResourceName resource) => _resources.TryGetValue(resource, out var facts)
        ? new(resource, true, [.. facts.Replicas.Values], Now) { QuorumProperties = HidesPolicy ? null : new(facts.Quorum?.ToLowerInvariant(), null), AllowsTwoPrimaries = TwoPrimaries.Contains(resource.Value) }
        : new(resource, false, [], Now);

    public Scene Tell(Observation seen)
    {
        Cluster = Cluster.Apply(seen, Now);
        return this;
    }

    /// <summary>Lets time pass, thinking whenever the policy asked for it, and now.</summary>
    public Scene After(double seconds)
    {
        var end = Now + TimeSpan.FromSeconds(seconds);
        for (var turns = 0; ; turns++)
        {
            Assert.True(turns < 10_000, string.Create(CultureInfo.InvariantCulture, $"the policy does not come to rest at {Now}: {string.Join(' ', Sayings)}"));
            _verdict = new FailoverPolicy(_settings).Decide(Cluster, Now);
            var busy = false;
            foreach (var decision in _verdict.Decisions)
            {
                busy |= Perform(decision);
            }

            if (busy)
            {
                continue;
            }

            if (Now >= end)
            {
                return this;
            }

            Assert.False(_verdict.RequeueAt <= Now, $"the policy asked to be woken at {_verdict.RequeueAt}, which is past at {Now}");
            Now = _verdict.RequeueAt is { } next && next < end ? next : end;
            Tell(new Observation.Tick());
        }
    }

    private bool Perform(Decision decision)
    {
        switch (decision)
        {
            case Decision.Hold or Decision.ReportStuck:
                return false;
            case Decision.Query when Ignores(decision):
                Tell(new Observation.Answered(decision, new(Answer.Refused), Now));
                return true;
            case Decision.QueryWarnings o:
                Tell(new Observation.WarningsListed(o.About, Warning, Now));
                return true;
            case Decision.QueryResource o when _linstorAnswers:
                Report(o.Resource.Value);
                return true;
            case Decision.QuerySatellites when _linstorAnswers:
                Tell(new Observation.SatellitesListed([.. _satellites.Values], Now));
                return true;
            case Decision.QueryResource or Decision.QuerySatellites:
                Tell(new Observation.Answered(decision, new(Answer.Refused), Now));
                return true;
            case Decision.ListPodsOnNode when !Surveys:
                Tell(new Observation.Answered(decision, new(Answer.Refused), Now));
                return true;
            case Decision.ListPodsOnNode o:
                Tell(new Observation.PodsOnNodeListed(o.Node, [.. _pods.Values.Where(pod => pod.Node == o.Node)], [.. _volumesInUse.GetValueOrDefault(o.Node, [])], Now) { Ready = _ready.GetValueOrDefault(o.Node, true), Tainted = Untainted.Contains(o.Node.Value) ? false : null });
                return true;
            default:
                Act(decision, Answers(decision));
                return true;
        }
    }

    private void Act(Decision decision, Answer answer)
    {
        _done.Add(decision);
        Tell(new Observation.Answered(decision, new(answer, answer is Answer.Accepted or Answer.DryRun ? null : $"the answer was {answer}"), Now));
        switch (decision)
        {
            case Decision.DeletePod o when answer == Answer.Accepted && o.Pod.Finalizers.IsEmpty:
                _pods.Remove(o.Pod.Uid);
                if (WatchIsPrompt)
                {
                    Tell(new Observation.Gone<Pod>(o.Pod));
                }

                break;
            case Decision.ClearVolumesInUse o when answer == Answer.Accepted:
                _volumesInUse[o.Node.Name].ExceptWith(o.Volumes);
                break;
            case Decision.DeleteAttachment o when answer == Answer.Accepted && !AttacherLetsGo:
                Tell(new Observation.Seen<Attachment>(o.Attachment with { Deleting = true }));
                break;
            case Decision.DeleteAttachment o when answer == Answer.Accepted:
                Tell(new Observation.Gone<Attachment>(o.Attachment));
                break;
        }
    }

    private Scene OthersLose(string node, string resource)
    {
        foreach (var other in Others(node, resource))
        {
            Link(other, node, up: false, resource);
        }

        foreach (var other in Others(node, resource))
        {
            MayPromote(other, resource);
        }

        return this;
    }

    private List<string> Others(string node, string resource) =>
        [.. _resources[new(resource)].Replicas.Keys.Where(other => other != new NodeName(node)).Select(other => other.Value)];
}
