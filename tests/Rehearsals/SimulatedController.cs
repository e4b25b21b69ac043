using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>One of our processes: the core with a clock of its own, whose observations and actions are delayed.</summary>
internal sealed partial class SimulatedController
{
    private readonly SimulatedCluster _cluster;
    private readonly List<(int Life, Observation Seen)> _unheard = [];
    private readonly HashSet<DecisionKey> _inFlight = [];
    private readonly FailoverPolicy _policy;
    private readonly SimulatedWatches _kubernetes;
    private readonly SimulatedLinstorClient _linstor;
    private readonly SimulatedElection _election;
    private readonly SimulatedActuator _actuator;
    private TimeSpan _clockBegan;
    private long _alarm;
    private bool _isAboutToThink;
    private bool _isStopping;
    private bool _isBlind;
    private bool _losesLinstor;
    private Instant _frozenAt;
    private (FaultKind Kind, TimeSpan Lasts)? _freezesAt;

    public SimulatedController(SimulatedCluster cluster, string name, bool isContested, NetworkNoise noise)
    {
        (_cluster, Name, Noise) = (cluster, name, noise);
        _policy = new(cluster.Plan.Setup.Settings);
        _kubernetes = new(this, cluster);
        _linstor = new(this, cluster);
        _election = new(this, cluster, isContested);
        _actuator = new(this, cluster);
    }

    public string Name { get; }

    public NetworkNoise Noise { get; }

    /// <summary>The process's view of the cluster.</summary>
    public ClusterSnapshot Cluster { get; private set; } = ClusterSnapshot.Empty;

    /// <summary>Counts the lives of the process: a message for an earlier one does not reach a later one.</summary>
    public int Life { get; private set; }

    /// <summary>Whether the process runs, frozen or not.</summary>
    public bool IsAlive { get; private set; }

    public bool IsFrozen { get; private set; }

    public bool ReachesApi { get; private set; } = true;

    public bool ReceivesAnswers { get; set; } = true;

    public bool ReachesLinstor => !_losesLinstor && !_isBlind;

    /// <summary>Whether the process soon knows what LINSTOR knows.</summary>
    public bool FollowsLinstor => ReachesLinstor && !SeesNoSatellite && !IsFrozen && _linstor.HearsEvents;

    /// <summary>When this process, and no other, last lost LINSTOR; null if that never happened.</summary>
    public TimeSpan? LinstorLostAt { get; private set; }

    /// <summary>When this process last regained LINSTOR after it alone had lost it; null if that never happened.</summary>
    public TimeSpan? LinstorReturnedAt { get; private set; }

    /// <summary>Whether the process is connected to a second LINSTOR, which reaches no satellite.</summary>
    public bool SeesNoSatellite { get; private set; }

    /// <summary>Whether the process cannot reach LINSTOR until the end of the scenario.</summary>
    public bool IsBlind => _isBlind;

    /// <summary>The error of its wall clock; nothing may depend on it.</summary>
    public TimeSpan WallClockIsOffBy { get; set; }

    /// <summary>Its own monotonic clock.</summary>
    public Instant Now => new(_cluster.EventQueue.Now - _clockBegan);

    /// <summary>Whether it may change the cluster until a request of that duration has ended.</summary>
    public bool MayAct(TimeSpan request) => IsAlive && !_isStopping && _election.Covers(request);

    public void Begin()
    {
        Life++;
        IsAlive = true;
        (Cluster, IsFrozen, _isStopping, _clockBegan) = (ClusterSnapshot.For(_cluster.Plan.Setup.Settings), false, false, _cluster.EventQueue.Now - TimeSpan.FromSeconds(1) - Noise.UpTo(TimeSpan.FromHours(1)));
        _inFlight.Clear();
        _unheard.Clear();
        _cluster.Observer.Started?.Invoke(Name);
        _kubernetes.Begin();
        _linstor.Begin();
        _election.Begin();
        Observe(Life, new Observation.Tick());
    }

    /// <summary>Schedules a message to the process.</summary>
    public void Post(Observation seen, TimeSpan delay)
    {
        var life = Life;
        _cluster.EventQueue.After(delay, () => Observe(life, seen));
    }

    /// <summary>Schedules an action of the process itself; a frozen process runs it when it thaws.</summary>
    public void Later(TimeSpan delay, Action what)
    {
        var life = Life;
        _cluster.EventQueue.After(delay, Do);

        void Do()
        {
            if (life != Life)
            {
                return;
            }

            if (IsFrozen)
            {
                _cluster.EventQueue.After(TimeSpan.FromMilliseconds(500), Do);
                return;
            }

            what();
        }
    }

    public void Observe(int life, Observation seen) => Observe(life, seen, Now);

    private void Observe(int life, Observation seen, Instant at)
    {
        if (life != Life || !IsAlive)
        {
            return;
        }

        if (IsFrozen)
        {
            _unheard.Add((life, seen));
            return;
        }

        if (DecisionKey.AnsweredBy(seen) is { } answered)
        {
            _inFlight.Remove(answered);
        }

        var before = Cluster;
        Cluster = Cluster.Apply(seen, at);
        if (!ReferenceEquals(before.SyncedSources, Cluster.SyncedSources))
        {
            _election.Synced(Cluster.SyncedSources);
        }

        _cluster.Observed(this, seen, before, at);
        Doubt(seen);
        ScheduleEvaluation();
    }

    // Checked only occasionally, because it costs more than all the rest.
    private void Doubt(Observation seen)
    {
        if (!Noise.OnceIn(100))
        {
            return;
        }

        var workedOut = Cluster.Resources.Values.Where(resource => resource.IsInDoubt).SelectMany(resource => VolumeConsumer.InDoubtOf(Cluster, resource)).Select(Describe);
        var kept = Cluster.InDoubt.Values.SelectMany(users => users).Select(Describe);
        _cluster.Oracle.Expect("the incrementally kept consumers in doubt equal the recomputed ones", kept.Order(StringComparer.Ordinal).SequenceEqual(workedOut.Order(StringComparer.Ordinal)), () => $"{Name} after {seen}");
        if (seen is not (Observation.SourceLost or Observation.MutationAnswered))
        {
            var (once, twice) = (_policy.Decide(Cluster, Now), _policy.Decide(Cluster.Apply(seen, Now), Now));
            _cluster.Oracle.Expect("a repeated observation changes nothing", once.RequeueAt == twice.RequeueAt && SentencesOf(once).SequenceEqual(SentencesOf(twice)), () => $"{Name} after {seen}");
        }
    }

    private static string Describe(VolumeConsumer user) =>
        $"{user.Resource.Name} {user.Node} {user.LinstorName} {user.Since} {user.Priority} {user.Assessment} {string.Join(' ', user.Attachments)} {string.Join(' ', user.Pods.Select(pod => pod.Uid))}";

    private static IEnumerable<string> SentencesOf(Verdict verdict) => verdict.Decisions.Select(DecisionText.Of);

    private void ScheduleEvaluation()
    {
        if (!_isAboutToThink)
        {
            _isAboutToThink = true;
            _cluster.EventQueue.After(TimeSpan.FromMilliseconds(1), Evaluate);
        }
    }

    private void Evaluate()
    {
        _isAboutToThink = false;
        if (IsFrozen || !IsAlive || _isStopping)
        {
            return;
        }

        var verdict = _policy.Decide(Cluster, Now);
        _cluster.Observer.Decided?.Invoke(Name, verdict, Now);
        _cluster.Oracle.Expect("the policy requeues in the future", !(verdict.RequeueAt <= Now), () => $"{Name} asks to be requeued at {verdict.RequeueAt}, and it is {Now}");
        foreach (var decision in verdict.Decisions)
        {
            _cluster.Decided(this, decision);
            if (decision is Decision.Query or Decision.Mutation && !_inFlight.Contains(decision.Key) && _actuator.Take(decision))
            {
                _inFlight.Add(decision.Key);
                FreezeIfDue(decision);
            }
        }

        if (verdict.RequeueAt is { } at)
        {
            WakeAt(at);
        }
    }

    private void WakeAt(Instant at)
    {
        var (alarm, life) = (++_alarm, Life);
        _cluster.EventQueue.At(at.SinceStart + _clockBegan, () =>
        {
            if (alarm == _alarm)
            {
                Observe(life, new Observation.Tick());
            }
        });
    }
}
