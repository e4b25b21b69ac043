namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>The core is total: whatever is observed, in whatever order, it decides, and nothing in it fails.</summary>
public sealed class FuzzTests
{
    private const int Sequences = 200;
    private const int Length = 240;

    [Fact]
    public void No_sequence_of_observations_makes_the_core_fail()
    {
        var sequences = int.TryParse(Environment.GetEnvironmentVariable("FUZZ_SEQUENCES"), out var wanted) ? wanted : Sequences;
        Parallel.For(0, sequences, seed => new Sequence(seed).Play(Length));
    }

    [Fact]
    public void The_random_sequences_reach_every_kind_of_decision()
    {
        var decided = new HashSet<Type>();
        for (var seed = 0; seed < 50; seed++)
        {
            decided.UnionWith(new Sequence(seed).Play(Length));
        }

        Assert.Superset(new HashSet<Type> { typeof(Decision.QueryResource), typeof(Decision.ListPodsOnNode), typeof(Decision.TaintNode), typeof(Decision.DeletePod), typeof(Decision.DeleteAttachment), typeof(Decision.Hold), typeof(Decision.ReportStuck) }, decided);
    }

    /// <summary>One random sequence over few names, so that what is observed often concerns the same things.</summary>
    private sealed class Sequence(int seed)
    {
        private static readonly string[] Nodes = ["a", "b", "c", "d"];
        private readonly Random _random = new(seed);
        private readonly FailoverPolicy _policy = new(new FailoverSettings { KnownResourceGrace = TimeSpan.FromSeconds(5), NewResourceGrace = TimeSpan.FromSeconds(8) });
        private ClusterSnapshot _cluster = ClusterSnapshot.For(new());
        private Instant _now = Instant.Start + TimeSpan.FromSeconds(1);
        private List<Decision> _decided = [];

        public HashSet<Type> Play(int length)
        {
            var decided = new HashSet<Type>();
            for (var step = 0; step < length; step++)
            {
                Take(step % 120 < 12 ? Listing(step % 120) : step % 120 < 50 ? Cooperate() : Any());
                var verdict = _policy.Decide(_cluster, _now);
                Assert.True(_cluster.Errors.IsEmpty && verdict.Errors.Count == 0, $"seed {seed}, step {step}: {string.Join(Environment.NewLine, _cluster.Errors.Concat(verdict.Errors))}");
                Assert.False(verdict.RequeueAt <= _now, $"seed {seed}, step {step}: the policy asks to be woken at {verdict.RequeueAt}, and it is {_now}");
                Assert.All(verdict.Decisions, decision => Assert.NotEmpty(DecisionText.Of(decision)));
                Assert.Equal(verdict.Decisions.Where(decision => decision is Decision.Query or Decision.Mutation).DistinctBy(decision => decision.Key).Count(), verdict.Decisions.Count(decision => decision is Decision.Query or Decision.Mutation));
                _decided = [.. verdict.Decisions.Where(decision => decision is Decision.Query or Decision.Mutation)];
                decided.UnionWith(verdict.Decisions.Select(decision => decision.GetType()));
            }

            return decided;
        }

        private void Take(Observation seen)
        {
            _now += TimeSpan.FromSeconds(_random.Next(6) == 0 ? _random.NextDouble() * 15 : _random.NextDouble());
            _cluster = _cluster.Apply(seen, _now);
        }

        // Answers what is asked, and says that node a has lost pvc-1: without that, chance would hardly ever get as far as an action.
        private Observation Cooperate() => _decided.Count == 0 || _random.Next(8) == 0 ? new Observation.ResourceReported(Lost(new("pvc-1"))) : _decided[_random.Next(_decided.Count)] switch
        {
            Decision.ListPodsOnNode o => OnNode(o.Node),
            Decision.QueryResource o => new Observation.ResourceReported(Lost(o.Resource)),
            Decision.QuerySatellites => OnlyALost(),
            var action => new Observation.MutationAnswered(action, new(MutationOutcome.Accepted), _now),
        };

        private Observation.PodsOnNodeListed OnNode(NodeName node) => new(node, [.. _cluster.Pods.All.Select(held => held.Item).Where(pod => pod.Node == node)], ["csi^pv-1", "csi^pv-2"], _now) { Ready = false };

        private Observation.SatellitesListed OnlyALost() => new([.. Nodes.Select(node => new Satellite(new(node), node == "a" ? SatelliteState.Offline : SatelliteState.Online))], _now);

        // Something has to be there for anything to happen; the rest is chance.
        private Observation Listing(int step) => step switch
        {
            0 => new Observation.SatellitesListed([.. Nodes.Select(node => new Satellite(new(node), SatelliteState.Online))], _now),
            1 => new Observation.Listed<Pod>([]),
            2 => new Observation.Listed<Volume>([Volume(1, "data-1"), Volume(2, "data-2")]),
            3 => new Observation.Listed<Attachment>([]),
            4 => new Observation.Listed<ClusterNode>([.. Nodes.Select(node => new ClusterNode(new(node), new($"uid-{node}")))]),
            5 => new Observation.Listed<CsiNode>([]),
            6 or 7 => new Observation.Updated<Pod>(Pod() with { Node = new("a"), Claims = [new("data-1")], Finished = false, OptedIn = true, OptedOut = false, SharedStorage = [] }),
            8 => new Observation.Updated<Attachment>(new("va-1", new("va-1"), "pv-1", new("a"))),
            _ => new Observation.ResourceReported(Lost(new("pvc-1"))),
        };

        private Observation Any() => _random.Next(26) switch
        {
            0 or 1 or 2 => new Observation.PromotionChanged(Resource(), Node(), Enum<Promotability>()),
            3 or 4 or 5 => new Observation.ResourceReported(Report(exists: _random.Next(12) > 0)),
            6 => new Observation.SatellitesListed([.. Nodes.Where(_ => _random.Next(12) > 0).Select(Satellite)], Before()),
            7 => new Observation.SourceLost(Enum<Source>()),
            8 => new Observation.Listed<Pod>([.. Enumerable.Range(0, _random.Next(3)).Select(_ => Pod()).DistinctBy(pod => pod.Key)]),
            9 => new Observation.Updated<Pod>(Pod()),
            10 => new Observation.Deleted<Pod>(Pod()),
            11 => new Observation.Listed<Volume>([.. Enumerable.Range(0, _random.Next(3)).Select(_ => Volume(1 + _random.Next(2), Claim())).DistinctBy(volume => volume.Name)]),
            12 => new Observation.Updated<Volume>(Volume(1 + _random.Next(2), Claim())),
            13 => new Observation.Deleted<Volume>(Volume(1 + _random.Next(2), Claim())),
            14 => new Observation.Listed<Attachment>([.. Enumerable.Range(0, _random.Next(3)).Select(_ => Attachment()).DistinctBy(attachment => attachment.Name)]),
            15 => new Observation.Updated<Attachment>(Attachment()),
            16 => new Observation.Deleted<Attachment>(Attachment()),
            17 => new Observation.Updated<ClusterNode>(new(Node(), new("uid")) { TaintedByUs = Coin(), LossConfirmed = _random.Next(9) == 0 }),
            18 => new Observation.Deleted<ClusterNode>(new(Node(), new("uid"))),
            19 => new Observation.Updated<CsiNode>(new(Node(), Coin() ? Node() : null)),
            20 => new Observation.PodsOnNodeListed(Node(), [.. Enumerable.Range(0, _random.Next(3)).Select(_ => Pod()).DistinctBy(pod => pod.Uid)], Coin() ? ["csi^pv-1"] : [], Before()) { Ready = MaybeBool(), Tainted = MaybeBool() },
            21 => new Observation.WarningsListed(new($"pod-{_random.Next(4)}"), Coin() ? "no" : null, Before()),
            22 => new Observation.Tick(),
            _ => Answered(),
        };

        private Observation Answered()
        {
            if (_decided.Count == 0)
            {
                return new Observation.Tick();
            }

            var decision = _decided[_random.Next(_decided.Count)];
            return decision switch
            {
                Decision.ListPodsOnNode o when Coin() => OnNode(o.Node),
                Decision.QueryResource o when Coin() => new Observation.ResourceReported(Lost(o.Resource)),
                Decision.QuerySatellites => OnlyALost(),
                _ => new Observation.MutationAnswered(decision, new(Enum<MutationOutcome>(), Coin() ? "said so" : null, Coin() ? TimeSpan.FromSeconds(_random.Next(40)) : null), Before()),
            };
        }

        private ResourceReport Report(bool exists) => new(Resource(), exists, exists ? [.. Nodes.Where(_ => _random.Next(4) > 0).Select(Replica)] : [], Before())
        {
            Uuid = Coin() ? $"{_random.Next(2)}" : null,
            QuorumProperties = _random.Next(4) == 0 ? null : new(Policy(), Policy()),
            AllowsTwoPrimaries = MaybeBool(),
        };

        private ResourceReport Lost(ResourceName name) => new(name, true, [.. Nodes[..3].Select(node => node == "a" ? new Replica(new(node)) : new Replica(new(node))
        {
            Promotability = Promotability.MayPromote,
            Usage = Usage.Unused,
            Score = 10102,
            Connections = [.. Nodes[..3].Where(peer => peer != node).Select(peer => new Connection(peer, peer != "a"))],
        })], _now)
        {
            QuorumProperties = new("majority", null),
            AllowsTwoPrimaries = false,
        };

        private Replica Replica(string node) => new(new(node))
        {
            Promotability = Enum<Promotability>(),
            Usage = Enum<Usage>(),
            Score = _random.Next(4) switch { 0 => null, 1 => 0, 2 => 10102, _ => 2 },
            Connections = [.. Nodes.Where(peer => peer != node && Coin()).Select(peer => new Connection(_random.Next(9) == 0 ? "ghost" : peer, Coin()))],
            Diskless = _random.Next(4) == 0,
            Leaving = _random.Next(9) == 0,
            Uuid = Coin() ? $"{_random.Next(2)}" : null,
            VolumeCount = Coin() ? _random.Next(3) : null,
            QuorumPolicy = _random.Next(5) == 0 ? Policy() : null,
        };

        private Satellite Satellite(string node) => new(new(node), Enum<SatelliteState>(), Coin() ? node : null, _random.Next(12) == 0)
        {
            Uuid = Coin() ? $"{_random.Next(2)}" : null,
            QuorumPolicy = _random.Next(9) == 0 ? Policy() : null,
        };

        private Pod Pod()
        {
            var number = _random.Next(4);
            return new(new("default", $"app-{number % 2}"), new($"pod-{number}"), _random.Next(6) == 0 ? null : Node())
            {
                Claims = [.. Enumerable.Range(0, _random.Next(3)).Select(_ => new ClaimUse(Claim(), _random.Next(4) == 0, _random.Next(9) == 0))],
                SharedStorage = _random.Next(9) == 0 ? ["nfs"] : [],
                Priority = _random.Next(2),
                OptedIn = _random.Next(6) > 0,
                OptedOut = _random.Next(9) == 0,
                Finalizers = _random.Next(5) == 0 ? ["f"] : [],
                Owner = Coin() ? new("apps/v1", "StatefulSet", "app", new("set")) : null,
                Running = Coin(),
                Finished = _random.Next(6) == 0,
                Terminating = _random.Next(6) == 0,
                Trouble = Coin() ? "trouble" : null,
            };
        }

        private static Volume Volume(int number, string? claim) => new($"pv-{number}", claim is null ? null : new("default", claim))
        {
            Resource = new($"pvc-{number}"),
            Handle = $"pv-{number}",
            InUsePrefix = "csi^",
        };

        private Attachment Attachment()
        {
            var number = 1 + _random.Next(2);
            return new($"va-{number}", new($"va-{_random.Next(3)}"), $"pv-{number}", Node(), Coin()) { Attached = Coin(), Trouble = Coin() ? "trouble" : null };
        }

        private string Claim() => $"data-{1 + _random.Next(2)}";

        private string? Policy() => _random.Next(5) switch { 0 => "off", 1 => "all", 2 => "2", 3 => null, _ => "majority" };

        private ResourceName Resource() => new($"pvc-{1 + _random.Next(2)}");

        private NodeName Node() => new(Nodes[_random.Next(Nodes.Length)]);

        private Instant Before() => _random.Next(3) == 0 && _now.SinceStart > TimeSpan.FromSeconds(9) ? _now - TimeSpan.FromSeconds(_random.NextDouble() * 8) : _now;

        private bool Coin() => _random.Next(2) == 0;

        private bool? MaybeBool() => _random.Next(3) switch { 0 => null, 1 => true, _ => false };

        private T Enum<T>()
            where T : struct, Enum
        {
            var values = System.Enum.GetValues<T>();
            return values[_random.Next(values.Length)];
        }
    }
}
