namespace Piraeus.HighAvailability.Core.Tests.Rehearsals;

/// <summary>The core against the truth: faults at random, and everything told late, twice, and out of order.</summary>
internal sealed class Story
{
    private static readonly FailoverSettings Settings = new() { KnownResourceGrace = TimeSpan.FromSeconds(10), NewResourceGrace = TimeSpan.FromSeconds(10) };

    /// <summary>After the grace period: a round of the sweep, a longest back-off, a late stream, and the answers.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    /// <summary>How late the end of an earlier loss may be heard of: the stream may lag, and LINSTOR is asked now and then only.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(6);

    private readonly Random _random;
    private readonly Agenda _agenda = new();
    private readonly Truth _truth;
    private readonly Kubernetes _kubernetes;
    private readonly int _nodes;
    private readonly int _resources;
    private readonly HashSet<ActionKey> _inFlight = [];
    private readonly Dictionary<(int Node, int Resource), Promotability> _streamed = [];
    private ClusterSnapshot _cluster = ClusterSnapshot.Empty;
    private ClusterSnapshot? _thought;
    private Instant? _alarm;
    private bool _linstorAnswers = true;
    private int _life;
    private int _turns;

    public Story(int seed)
    {
        _random = new Random(seed);
        (_nodes, _resources) = (_random.Next(3, 5), _random.Next(2, 4));
        _truth = new(_nodes, [.. Enumerable.Range(0, _resources).Select(_ => _random.Next(4) > 0)]);
        var wishes = Enumerable.Range(0, _resources).Select(_ => (Wish)Math.Max(0, _random.Next(-3, 3))).ToArray();
        _kubernetes = new(_random, _agenda, _truth, wishes, Hear);
    }

    public int Moves { get; private set; }

    public static ResourceName Name(int resource) => new($"pvc-{resource}");

    public void Play()
    {
        for (var resource = 0; resource < _resources; resource++)
        {
            _kubernetes.Start(resource, _truth.ReplicasOf(resource)[_random.Next(2)]);
        }

        Restart();
        Sweep();
        for (var fault = _random.Next(1, 6); fault > 0; fault--)
        {
            _agenda.In(3 + (_random.NextDouble() * 27), Fault);
        }

        _agenda.RunUntil(_agenda.Now + TimeSpan.FromSeconds(30), Think);
        _linstorAnswers = true;
        _agenda.RunUntil(_agenda.Now + Settings.KnownResourceGrace + Bound, Think);
        Assert.Empty(WhoWasForgotten());
    }

    /// <summary>Whoever may be moved, and is on a node that LINSTOR can prove to have lost its resource.</summary>
    private IEnumerable<string> WhoWasForgotten()
    {
        var lost = _kubernetes.Pods.Values.Select(pod => (Pod: pod, Node: NodeOf(pod), Resource: _kubernetes.ResourceOf(pod))).Where(user =>
            _truth.ReplicasOf(user.Resource).Any(rival => rival != user.Node && _truth.IsReachable(rival) && _truth.MayPromote(rival, user.Resource))
            && !_truth.HasQuorum(user.Node, user.Resource) && _truth.PolicyOf(user.Resource) == "majority").ToList();
        var dark = Enumerable.Range(0, _nodes).Count(node => !_truth.IsReachable(node) || lost.Exists(user => user.Node == node));
        return dark >= 2 && dark > _nodes * Settings.StormThreshold
            ? []
            : lost.Where(user => user.Pod is { OptedIn: true, OptedOut: false }).Select(user => $"{user.Pod.Key} on {user.Pod.Node}");
    }

    private void Fault()
    {
        // Faults that hit somebody are told of more often than chance would.
        var resource = _random.Next(_resources);
        var user = _kubernetes.Pods.Values.FirstOrDefault(pod => _kubernetes.ResourceOf(pod) == resource);
        var node = user is null || _random.Next(3) == 0 ? _random.Next(_nodes) : NodeOf(user);
        var lasts = _random.Next(2) == 0 ? 1000 : _random.NextDouble() * 20;
        switch (_random.Next(8))
        {
            case 0:
                _truth.Power(node, on: false);
                _agenda.In(lasts, () => _truth.Power(node, on: true));
                break;
            case 1:
                _truth.Satellite(node, runs: false);
                _agenda.In(lasts, () => _truth.Satellite(node, runs: true));
                break;
            case 2:
                _truth.Isolate(node, [resource]);
                _agenda.In(lasts, () => _truth.Rejoin(node));
                break;
            case 3 or 4:
                _truth.Isolate(node, Enumerable.Range(0, _resources));
                _agenda.In(lasts, () => _truth.Rejoin(node));
                break;
            case 5:
                _linstorAnswers = false;
                Hear(new Observation.Silenced(Source.Linstor));
                _agenda.In(_random.NextDouble() * 15, () => _linstorAnswers = true);
                break;
            case 6:
                Restart();
                break;
            default:
                Replay();
                break;
        }
    }

    /// <summary>Another process takes over: it knows nothing, and what its predecessor has sent is still under way.</summary>
    private void Restart()
    {
        (_cluster, _alarm) = (ClusterSnapshot.Empty, null);
        _life++;
        _inFlight.Clear();
        Hear(new Observation.Listed<CsiNode>([]));
        Hear(_kubernetes.Volumes());
        _kubernetes.Send("pods", _kubernetes.ListPods());
        _kubernetes.Send("attachments", _kubernetes.ListAttachments());
        Replay();
    }

    /// <summary>LINSTOR repeats to everybody what it knew when somebody connected, and a change may have overtaken it.</summary>
    private void Replay()
    {
        foreach (var ((node, resource), said) in _streamed)
        {
            _agenda.In(_random.NextDouble(), () => Hear(new Observation.Promotion(Name(resource), Truth.Name(node), said)));
        }
    }

    private void Sweep()
    {
        if (_linstorAnswers)
        {
            Soon(new Observation.SatellitesListed([.. Enumerable.Range(0, _nodes).Select(_truth.TellSatellite)]));
            foreach (var resource in Enumerable.Range(0, _resources))
            {
                Soon(new Observation.Reported(Report(resource, _agenda.Now)));
            }
        }
        else
        {
            Hear(new Observation.Silenced(Source.Linstor));
        }

        _agenda.In(_linstorAnswers ? 10 : 2, Sweep);
    }

    private void Think()
    {
        if (!_truth.IsSettled)
        {
            _truth.Settle(_agenda.Now);
            Stream();
        }

        if (ReferenceEquals(_cluster, _thought) && !(_alarm <= _agenda.Now))
        {
            return; // the same snapshot gives the same verdict until the hour that the policy named
        }

        _thought = _cluster;
        var verdict = new FailoverPolicy(Settings).Decide(_cluster, _agenda.Now);
        Assert.False(verdict.AskAgainAt <= _agenda.Now, "the policy asks to be woken in the past");
        Assert.True(_turns++ < 5000, "the policy does not come to rest");
        foreach (var decision in verdict.Decisions.Where(decision => !decision.IsRemark && _inFlight.Add(ActionKey.For(decision))))
        {
            CarryOut(decision);
        }

        if (verdict.AskAgainAt != _alarm && verdict.AskAgainAt is { } next)
        {
            _agenda.At(next, () => { });
        }

        _alarm = verdict.AskAgainAt;
    }

    /// <summary>LINSTOR tells each change once, in order for each replica.</summary>
    private void Stream()
    {
        foreach (var resource in Enumerable.Range(0, _resources))
        {
            foreach (var node in _truth.ReplicasOf(resource))
            {
                var said = _truth.TellPromotability(node, resource);
                if (!_streamed.TryGetValue((node, resource), out var before) || before != said)
                {
                    _streamed[(node, resource)] = said;
                    _kubernetes.Send($"{node} {resource}", new Observation.Promotion(Name(resource), Truth.Name(node), said), atWorst: 20);
                }
            }
        }
    }

    private void Hear(Observation seen)
    {
        _cluster = _cluster.Apply(seen, _agenda.Now);
        Assert.Equal(Doubts(_cluster.Resources.Values.Where(resource => resource.IsDubious).SelectMany(resource => User.InDoubtOf(_cluster, resource))), Doubts(_cluster.InDoubt.Values.SelectMany(users => users)));
        if (seen is not (Observation.Silenced or Observation.Acted) && _random.Next(20) == 0)
        {
            var policy = new FailoverPolicy(Settings);
            Assert.Equal(Said(policy.Decide(_cluster, _agenda.Now)), Said(policy.Decide(_cluster.Apply(seen, _agenda.Now), _agenda.Now)));
        }
    }

    // What is kept of everybody in doubt is what would be worked out now.
    private static List<string> Doubts(IEnumerable<User> users) =>
    [
        .. users.Select(user =>
            $"{user.Resource.Name} {user.Node} {user.LinstorName} {user.Since} {user.Priority} {user.Finding} {string.Join(' ', user.Attachments)} {string.Join(' ', user.Pods.Select(pod => pod.Uid))}")
            .Order(StringComparer.Ordinal),
    ];

    private static List<string> Said(Verdict verdict) => [.. verdict.Decisions.Select(Sentences.Of), $"{verdict.AskAgainAt}"];

    private void Soon(Observation seen)
    {
        var life = _life;
        _agenda.In(_random.NextDouble() * 0.5, () => Answer(seen, life));
    }

    // An answer to a process that is no more is heard by nobody.
    private void Answer(Observation seen, int life)
    {
        if (life != _life)
        {
            return;
        }

        _ = seen switch
        {
            Observation.Acted o => _inFlight.Remove(ActionKey.For(o.Decision)),
            Observation.Reported o => _inFlight.Remove(ActionKey.For(new Decision.Consult(o.Report.Resource))),
            Observation.Surveyed o => _inFlight.Remove(ActionKey.For(new Decision.Survey(o.Node))),
            _ => false,
        };
        Hear(seen);
    }

    private void CarryOut(Decision decision)
    {
        var (asked, life) = (_agenda.Now, _life);
        _agenda.In(_random.NextDouble() * 0.5, () =>
        {
            Observation answer = decision switch
            {
                Decision.Consult o when _linstorAnswers => new Observation.Reported(Report(int.Parse(o.Resource.Value[4..]), asked)),
                Decision.Survey o => new Observation.Surveyed(o.Node, _kubernetes.PodsOn(o.Node), [], asked),
                Decision.DeletePod or Decision.Detach => new Observation.Acted(decision, new(Act(decision)), asked),
                _ => new Observation.Acted(decision, new(Core.Answer.Refused), asked),
            };
            _agenda.In(_random.NextDouble() * 0.5, () => Answer(answer, life));
        });
    }

    private Answer Act(Decision decision)
    {
        var fate = _random.Next(10);
        if (fate == 0)
        {
            return Core.Answer.Refused;
        }

        if (fate == 2)
        {
            return Core.Answer.NotSent;
        }

        Moves++;
        var wasThere = decision switch
        {
            Decision.DeletePod { Pod: var pod, Evidence: var evidence } => MayDelete(pod, evidence) && _kubernetes.Delete(pod),
            Decision.Detach { Attachment: var attachment, Claim: var claim } => MayDetach(attachment, claim) && _kubernetes.Delete(attachment),
            _ => false,
        };
        return fate == 1 ? Core.Answer.TimedOut : wasThere ? Core.Answer.Accepted : Core.Answer.AlreadyGone;
    }

    // Between LINSTOR's last word and the deletion up to five seconds may pass: who comes back within them is not seen.
    private bool MayDelete(Pod pod, Evidence evidence)
    {
        var resource = _kubernetes.ResourceOf(pod);
        var (hasQuorum, since) = _truth.QuorumOf(NodeOf(pod), resource);
        var lasts = _agenda.Now - since;
        Assert.True(!hasQuorum || lasts <= TimeSpan.FromSeconds(5), $"{pod.Key} on {pod.Node} has had its storage for {lasts}");
        Assert.True(hasQuorum || lasts >= Settings.KnownResourceGrace - Late, $"{pod.Key} on {pod.Node} has lost its storage only {lasts} ago");
        Assert.True(_kubernetes.WishOf(resource) == Wish.Failover, $"{pod.Key} has not opted in");
        Assert.Equal(Name(resource), evidence.Resource);
        return true;
    }

    private bool MayDetach(Attachment attachment, ObjectKey claim)
    {
        Assert.True(_kubernetes.WishOf(_kubernetes.ResourceOf(claim)) == Wish.Failover, $"{attachment.Name} belongs to nobody who opted in");
        Assert.DoesNotContain(_kubernetes.PodsOn(attachment.Node), pod => _kubernetes.Attachments.ContainsKey(attachment.Uid) && pod.Uses(claim));
        return true;
    }

    private ResourceReport Report(int resource, Instant asked) => new(
        Name(resource), true, new Quorum(_truth.PolicyOf(resource)), [.. _truth.ReplicasOf(resource).Select(node => _truth.Tell(node, resource))], asked);

    private static int NodeOf(Pod pod) => int.Parse(pod.Node!.Value.Value[1..]);
}
