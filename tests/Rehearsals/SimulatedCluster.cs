using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;
using Pod = Piraeus.HighAvailability.Simulator.Kubernetes.Pod;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>A moved pod's record.</summary>
/// <param name="By">The controller that moved it.</param>
/// <param name="Life">The controller's process at that time.</param>
internal readonly record struct PodMove(TimeSpan At, SimulatedController By, int Life)
{
    /// <summary>Whether the process that moved it still acts, and so can finish the failover.</summary>
    public bool IsRemembered => By.IsAlive && By.Life == Life && By.MayAct(TimeSpan.Zero);
}

/// <summary>The cluster of one scenario, with our processes in it, and its queries.</summary>
internal sealed partial class SimulatedCluster
{
    /// <summary>How long a request waits for an answer that does not come.</summary>
    private static readonly TimeSpan Unanswered = TimeSpan.FromSeconds(5);

    /// <summary>The minimum time for which a loss that is older than the process counts as new.</summary>
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(25);

    /// <summary>LINSTOR's longest response time during a short load peak.</summary>
    private static readonly TimeSpan SlowAnswer = TimeSpan.FromSeconds(8);

    private readonly HashSet<string> _optedIn = [];
    private readonly HashSet<ResourceDefinition> _loose = [];
    private readonly Dictionary<string, TimeSpan> _exempted = [];
    private readonly Dictionary<string, TimeSpan> _turnedOn = [];
    private readonly HashSet<(SimulatedController, int, ResourceName)> _toldOfNone = [];
    private readonly HashSet<(SimulatedController, int, ResourceName, NodeName)> _read = [];
    private readonly HashSet<string> _tampered = [];
    private readonly HashSet<ResourceDefinition> _torn = [];
    private readonly Dictionary<ResourceDefinition, TimeSpan> _lastLost = [];
    private readonly HashSet<string> _declaredLost = [];
    private readonly Dictionary<(SimulatedController, int), TimeSpan> _listens = [];
    private readonly Dictionary<(SimulatedController, int), TimeSpan> _informed = [];
    private readonly HashSet<(SimulatedController, int, string)> _seenLost = [];
    private readonly HashSet<(SimulatedController, int, NodeName)> _seenOnline = [];
    private readonly Dictionary<string, TimeSpan> _boundAt = [];
    private readonly Dictionary<string, TimeSpan> _attachedAt = [];
    private readonly Dictionary<(string, string), int> _said = [];
    private readonly Dictionary<Observation, (TimeSpan At, ImmutableArray<string> Lost)> _given = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(SimulatedController, int, ResourceName), (TimeSpan Given, TimeSpan Taken)> _newest = [];
    private readonly NetworkNoise _noise;
    private readonly HashSet<ResourceName> _hanging = [];
    private readonly HashSet<ResourceName> _unreadable = [];
    private readonly HashSet<(SimulatedController, ResourceName)> _missingOnce = [];
    private int _refusing;

    public SimulatedCluster(ScenarioPlan plan, Coverage coverage, ScenarioObserver observer)
    {
        (Plan, Coverage, Observer, _noise) = (plan, coverage, observer, new NetworkNoise(plan.Seed));
        Storage = new StorageWorld(new StorageTimings { Adjust = plan.Setup.Adjust });
        Kubernetes = new KubernetesWorld(Storage, random: new Random(plan.Seed)) { Place = static (_, _) => { } };
        Nodes = [.. Enumerable.Range(0, plan.Setup.Nodes).Select(node => (node, plan.Setup.NodeName(node)))];
        Furnish();
        Store.Changed += Notice;
        Oracle = new Oracle(this);
        Controllers = [.. Enumerable.Range(0, plan.Setup.Controllers).Select(number => new SimulatedController(this, $"ha-{number}", plan.Setup.Controllers > 1, new NetworkNoise((plan.Seed * 31) + number)))];
    }

    /// <summary>Raised when LINSTOR repeats everything to every subscriber.</summary>
    public event Action? Replaying;

    public ScenarioPlan Plan { get; }

    public Coverage Coverage { get; }

    public ScenarioObserver Observer { get; }

    public StorageWorld Storage { get; }

    public KubernetesWorld Kubernetes { get; }

    public ObjectStore Store => Kubernetes.Store;

    public EventQueue EventQueue => Storage.EventQueue;

    public Oracle Oracle { get; }

    public ImmutableArray<SimulatedController> Controllers { get; }

    /// <summary>Nodes, by number and Kubernetes name.</summary>
    public ImmutableArray<(int Number, string Name)> Nodes { get; }

    /// <summary>The moved pods, in their last state.</summary>
    public Dictionary<Pod, PodMove> Moves { get; } = [];

    /// <summary>Whether an observer receives the scenario's log.</summary>
    public bool IsTold => Observer.Told is not null;

    public void Tell(string who, FormattableString what) => Observer.Told?.Invoke(FormattableString.Invariant($"{EventQueue.Now.TotalSeconds,8:0.000}  {who,-12}{what}"));

    public void Replay() => Replaying?.Invoke();

    /// <summary>LINSTOR's response time.</summary>
    public TimeSpan LinstorTakes { get; set; }

    /// <summary>LINSTOR's longest response time in this scenario.</summary>
    public TimeSpan LinstorTookMost { get; private set; }

    /// <summary>Sends a query to LINSTOR; the answer is null if there is none.</summary>
    /// <param name="asker">The process that asks.</param>
    /// <param name="about">The resource, whose requests may hang; null if the query concerns no single one.</param>
    /// <param name="requests">How many sequential requests it takes.</param>
    /// <param name="question">Computes the answer at the time of the answer.</param>
    /// <param name="answered">Receives the answer.</param>
    public void AskLinstor(SimulatedController asker, ResourceName? about, int requests, Func<Observation> question, Action<Observation?> answered)
    {
        var (life, there) = (asker.Life, asker.Noise.Delay() + (requests * LinstorTakes / 2));
        EventQueue.After(there, () =>
        {
            if (life == asker.Life)
            {
                var isReached = asker.ReachesLinstor && !(about is { } resource && _hanging.Contains(resource));
                var answer = isReached && Storage.LinstorRuns ? question() : null;
                var back = (requests * LinstorTakes / 2) + (asker.Noise.OnceIn(40) ? asker.Noise.UpTo(SlowAnswer) : asker.Noise.Delay());
                var isInTime = isReached && there + back < requests * Unanswered;
                asker.Later(isInTime ? back : Unanswered > there ? Unanswered - there : TimeSpan.Zero, () => answered(isInTime ? answer : null));
            }
        });
    }

    /// <summary>LINSTOR's answer about a resource to one of our processes.</summary>
    public Observation ReportTo(SimulatedController asker, ResourceName resource, Instant asked)
    {
        var report = _missingOnce.Remove((asker, resource)) ? new(resource, false, [], asked) : CoreMapping.Report(Storage, resource, asked, asker.HearsNobody);
        var answer = new Observation.ResourceReported(_unreadable.Contains(resource) ? report with { QuorumProperties = null, AllowsTwoPrimaries = null } : report);
        _given[answer] = (EventQueue.Now, [.. Nodes.Where(node => Oracle.IsLost(ScenarioSetup.Handle(VolumeOf(resource.Value)), node.Name)).Select(node => node.Name)]);
        return answer;
    }

    /// <summary>When LINSTOR gave the newest answer about a resource that the process, in its present life, has taken in, and when that answer arrived. Null if there is none.</summary>
    public (TimeSpan Given, TimeSpan Taken)? NewestAnswer(SimulatedController controller, string resource) => _newest.TryGetValue((controller, controller.Life, new(resource)), out var times) ? times : null;

    /// <summary>Sets LINSTOR's response time from now on.</summary>
    public void SlowDown(TimeSpan takes) => (LinstorTakes, LinstorTookMost) = (takes, takes > LinstorTookMost ? takes : LinstorTookMost);

    /// <summary>LINSTOR does not answer requests about a resource within their deadline.</summary>
    public void Hang(string resource, bool begin) => Set(_hanging, new(resource), begin);

    /// <summary>LINSTOR does not return the properties of a definition and of its group.</summary>
    public void HidePolicy(string resource, bool begin) => Set(_unreadable, new(resource), begin);

    /// <summary>LINSTOR reports once to each of our processes that the definition does not exist.</summary>
    public void MissOnce(string resource) => _missingOnce.UnionWith(Controllers.Select(controller => (controller, new ResourceName(resource))));

    private static void Set(HashSet<ResourceName> resources, ResourceName resource, bool isIn) => _ = isIn ? resources.Add(resource) : resources.Remove(resource);

    /// <summary>Sends a query to the API server; the answer is null if there is none.</summary>
    public void AskApi(SimulatedController asker, Func<Observation> question, Action<Observation?> answered)
    {
        var life = asker.Life;
        EventQueue.After(asker.Noise.Delay(), () =>
        {
            if (life != asker.Life)
            {
                return;
            }

            var answer = asker is { ReachesApi: true, HearsAnswers: true } && Refuses() is null ? question() : null;
            asker.Later(asker.ReachesApi ? asker.Noise.Delay() : Unanswered, () => answered(answer));
        });
    }

    /// <summary>The API server's refusal of a request; null if it carries the request out.</summary>
    public MutationAnswer? Refuses() => _refusing > 0 && _noise.OnceIn(2)
        ? new(MutationOutcome.Refused, "the server is busy", _noise.OnceIn(2) ? TimeSpan.FromSeconds(1) : null)
        : null;

    public void RefuseRequests(bool begin) => _refusing += begin ? 1 : -1;

    /// <summary>Records that an observation has reached one of our processes.</summary>
    public void Heard(SimulatedController controller, Observation seen, ClusterSnapshot before)
    {
        Observer.Heard?.Invoke(controller.Name, seen, controller.Now);
        switch (seen)
        {
            case Observation.ResourceReported o:
                Read(controller, o);
                break;
            case Observation.SatellitesListed o:
                Read(controller, o);
                break;
        }

        if (!seen.GetType().IsGenericType)
        {
            Coverage.Meet(Coverage.Of(seen));
        }

        if (seen is Observation.MutationAnswered acted)
        {
            Coverage.Meet(Coverage.Of(acted.Outcome.Answer));
            Tell(controller.Name, $"was answered {acted.Outcome.Answer} to: {DecisionText.Of(acted.Decision)}");
        }

        if (controller.Cluster.Failovers == before.Failovers)
        {
            return;
        }

        foreach (var held in controller.Cluster.Failovers.All)
        {
            if (held.Item.Ending is { } ending && before.Failovers.Find(held.Item.Pod.Uid)?.Item.Ending is null)
            {
                Coverage.Meet(Coverage.Of(ending));
                Tell(controller.Name, $"says: {DecisionText.Of(held.Item)}");
            }
        }
    }

    private void Read(SimulatedController controller, Observation.ResourceReported answer)
    {
        var report = answer.Report;
        foreach (var replica in report.Replicas)
        {
            if (replica.Promotability != Promotability.Unknown)
            {
                _read.Add((controller, controller.Life, report.Resource, replica.Node));
            }
        }

        if (_given.Remove(answer, out var given))
        {
            _newest[(controller, controller.Life, report.Resource)] = (given.At, EventQueue.Now);
            NoteLosses(controller, report.Resource.Value, given.Lost);
        }

        if (report.QuorumProperties is { } properties && !Core.QuorumPolicy.Fences(properties.Definition ?? properties.Controller, report.Replicas.Count(replica => !replica.Diskless)))
        {
            _toldOfNone.Add((controller, controller.Life, report.Resource));
        }
    }

    private void Read(SimulatedController controller, Observation.SatellitesListed list)
    {
        _listens.TryAdd((controller, controller.Life), EventQueue.Now);
        foreach (var satellite in list.Satellites)
        {
            if (satellite.State == SatelliteState.Online)
            {
                _seenOnline.Add((controller, controller.Life, satellite.Name));
            }

            foreach (var definition in satellite.QuorumPolicy == "off" ? InheritingFrom(Storage.Machine(satellite.Name.Value)) : [])
            {
                _toldOfNone.Add((controller, controller.Life, new(ScenarioSetup.Handle(VolumeOf(definition)))));
            }
        }
    }

    /// <summary>Records a decision of one of our processes.</summary>
    public void Decided(SimulatedController controller, Decision decision)
    {
        Coverage.Meet(Coverage.Of(decision));
        if (decision is Decision.Hold hold)
        {
            Coverage.Meet(Coverage.Of(hold.Reason));
        }

        if (IsTold && decision is not Decision.Query)
        {
            var sentence = DecisionText.Of(decision);
            var key = (controller.Name, sentence);
            if (_said.GetValueOrDefault(key) is 0)
            {
                Tell(controller.Name, $"{sentence}");
            }

            _said[key] = 1;
        }
    }

    // A loss that is older than the process counts only for a while: a pod that starts on a node that is off has lost nothing.
    private void NoteLosses(SimulatedController controller, string resource, ImmutableArray<string> nodes)
    {
        if (controller.Cluster.SyncedSources.IsSupersetOf([Source.Pods, Source.Volumes, Source.Attachments]) && _listens.TryGetValue((controller, controller.Life), out var listens))
        {
            _informed.TryAdd((controller, controller.Life), EventQueue.Now);
            var began = _informed[(controller, controller.Life)];
            var known = nodes.Where(node => EventQueue.Now < (began > listens ? began : listens) + FirstLook && HasUserOn(VolumeOf(resource), node));
            _seenLost.UnionWith(known.Select(node => (controller, controller.Life, node)));
        }
    }

    private void Notice(Change change)
    {
        if (change.Item is VolumeAttachment { Attached: true } attachment)
        {
            _attachedAt.TryAdd(attachment.Metadata.Uid, EventQueue.Now);
        }

        if (change.Item is not Pod pod)
        {
            return;
        }

        if (pod.Spec.NodeName is not null)
        {
            _boundAt.TryAdd(pod.Metadata.Uid, EventQueue.Now);
        }

        if (!CoreMapping.HasOptedIn(pod) || pod.Metadata.Annotations.ContainsKey(CoreMapping.OptOut))
        {
            _exempted.TryAdd(pod.Metadata.Uid, change.Type == ChangeType.Added ? TimeSpan.MinValue : EventQueue.Now);
        }
        else
        {
            _optedIn.UnionWith(pod.Spec.Claims.Select(mount => Store.Find<PersistentVolumeClaim>(pod.Metadata.Namespace, mount.Claim)?.VolumeName).OfType<string>());
        }

        if (IsTold)
        {
            Tell("kubernetes", change.Type switch
            {
                ChangeType.Added => $"pod {pod.Key} is created",
                ChangeType.Deleted => $"pod {pod.Key} on {pod.Spec.NodeName} is gone",
                _ => $"pod {pod.Key} on {pod.Spec.NodeName} is {pod.Phase}{(pod.Metadata.Deleting is null ? "" : ", terminating")} {pod.Message}",
            });
        }
    }
}
