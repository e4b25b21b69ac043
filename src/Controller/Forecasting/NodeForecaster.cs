using System.Collections.Immutable;
using System.Globalization;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Forecasting;

/// <summary>Lets the policy itself judge the death of a node on paper: it gets today's snapshot, LINSTOR's reports of the loss, and accepted answers to everything that it asks and does.</summary>
/// <remarks>Nothing is sent to anybody. Time is simulated, so a forecast takes milliseconds.</remarks>
/// <param name="settings">The settings of the policy.</param>
internal sealed class NodeForecaster(FailoverSettings settings)
{
    /// <summary>The node dies this long after the snapshot, so that a process that has just started has heard everybody for long enough.</summary>
    private static readonly TimeSpan Before = TimeSpan.FromMinutes(1);

    /// <summary>How long the policy is watched after the grace period.</summary>
    private static readonly TimeSpan After = TimeSpan.FromMinutes(1);

    /// <summary>When Kubernetes calls the node not Ready: 40 s after its kubelet's last sign of life (<c>--node-monitor-grace-period</c>; 50 s since Kubernetes 1.32).</summary>
    private static readonly TimeSpan NotReadyAfter = TimeSpan.FromSeconds(50);

    private static readonly TimeSpan ShortestRound = TimeSpan.FromSeconds(10);

    /// <summary>A long grace period is simulated in coarser steps, so that the work does not grow with it.</summary>
    private const int MostRounds = 60;

    private readonly TimeSpan _round = RoundOf(settings);
    private readonly FailoverPolicy _policy = new(settings with { ReconcileInterval = Longer(settings.ReconcileInterval, RoundOf(settings)) });

    /// <summary>Every node that runs a pod with a LINSTOR volume, by name.</summary>
    public static IEnumerable<NodeName> Nodes(ClusterSnapshot cluster) => Users(cluster).Select(pod => pod.Node).OfType<NodeName>().Distinct().Order();

    /// <summary>What would happen if a Kubernetes node died now.</summary>
    public NodeForecast Of(ClusterSnapshot cluster, NodeName node, Instant now)
    {
        List<Pod> pods = [.. Users(cluster).Where(pod => pod.Node == node).OrderBy(pod => pod.Key)];
        var dead = cluster.LinstorNameOf(node);
        ImmutableArray<ResourceName> resources =
            [.. cluster.Resources.Values.Where(resource => resource.Find(dead) is { Presence: Presence.Listed }).Select(resource => resource.Name).Union(pods.SelectMany(pod => ResourcesOf(cluster, pod))).Order()];
        var run = new Run(_policy, cluster, node, new(cluster, null), new(cluster, dead), resources);
        run.Pass(now, now + Before, Before);
        var died = run.Die();
        run.Pass(died, died + Longer(settings.KnownResourceGrace, settings.NewResourceGrace) + After, _round);
        return new(node, [.. pods.Select(pod => Of(pod, run, died))]);
    }

    private static TimeSpan RoundOf(FailoverSettings settings) => Longer(ShortestRound, Longer(settings.KnownResourceGrace, settings.NewResourceGrace) / MostRounds);

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static PodForecast Of(Pod pod, Run run, Instant died)
    {
        if (!pod.OptedIn)
        {
            return new(pod, null, null, $"Leaving pod {pod.Key} alone: its labels do not match the selector.");
        }

        if (run.DeletedAt.TryGetValue(pod.Uid, out var at))
        {
            return new(pod, at - died, null, string.Create(CultureInfo.InvariantCulture, $"Pod {pod.Key} would be moved {(at - died).TotalSeconds:0.#} s after LINSTOR has noticed."));
        }

        var hold = run.Last.Decisions.OfType<Decision.Hold>().Where(hold => hold.Pods.Any(held => held.Uid == pod.Uid)).OrderByDescending(hold => hold.Overdue).FirstOrDefault();
        return hold is not null ? new(pod, null, hold.Reason, DecisionText.Of(hold)) : new(pod, null, null, $"Leaving pod {pod.Key} alone: LINSTOR reports nothing that suggests a loss of its volumes on node {pod.Node}.");
    }

    // A pod that has finished uses nothing any more.
    private static IEnumerable<Pod> Users(ClusterSnapshot cluster) => cluster.Pods.All.Select(held => held.Item).Where(pod => !pod.Finished && ResourcesOf(cluster, pod).Any());

    private static IEnumerable<ResourceName> ResourcesOf(ClusterSnapshot cluster, Pod pod) =>
        pod.ClaimKeys.SelectMany(claim => cluster.Claims.ReferringTo(claim)).Select(held => held.Item.Resource).OfType<ResourceName>();

    /// <summary>One simulated run of the policy.</summary>
    private sealed class Run(FailoverPolicy policy, ClusterSnapshot cluster, NodeName node, HypotheticalReports alive, HypotheticalReports dead, ImmutableArray<ResourceName> resources)
    {
        private ClusterSnapshot _cluster = cluster;
        private HypotheticalReports _reports = alive;
        private Instant _at;
        private Instant? _died;

        public Dictionary<Uid, Instant> DeletedAt { get; } = [];

        public Verdict Last { get; private set; } = new([], null);

        /// <summary>The node is dead from now on, and LINSTOR has noticed.</summary>
        public Instant Die()
        {
            (_reports, _died) = (dead, _at);
            return _at;
        }

        /// <summary>Lets time pass: LINSTOR is read once a round, and everything that the policy asks or does is answered at once.</summary>
        public void Pass(Instant from, Instant until, TimeSpan round)
        {
            var read = from;
            for (_at = from; _at <= until; _at = Instant.Earlier(Last.RequeueAt > _at ? Last.RequeueAt : null, read)!.Value)
            {
                if (_at >= read)
                {
                    Apply([_reports.Satellites(_at), .. resources.Select(resource => _reports.Report(resource, _at))]);
                    read = _at + round;
                }

                Apply([new Observation.Tick()]);
                Settle();
            }

            _at = until;
        }

        // What the policy asks for is answered, which may make it ask for more; the bound only ends a loop that is a bug.
        private void Settle()
        {
            for (var turns = 0; turns < 10; turns++)
            {
                Last = policy.Decide(_cluster, _at);
                List<Observation> answers = [.. Last.Decisions.SelectMany(Answer)];
                if (answers is [])
                {
                    return;
                }

                Apply(answers);
            }
        }

        private IEnumerable<Observation> Answer(Decision decision) => decision switch
        {
            Decision.QueryResource o => [_reports.Report(o.Resource, _at)],
            Decision.QuerySatellites => [_reports.Satellites(_at)],
            Decision.ListPodsOnNode o => [new Observation.PodsOnNodeListed(o.Node, [.. _cluster.Pods.All.Select(held => held.Item).Where(pod => pod.Node == o.Node)], [], _at)
            {
                Ready = o.Node == node && _at >= _died + NotReadyAfter ? false : null,
                Tainted = _cluster.Nodes.GetValueOrDefault(o.Node)?.TaintedByUs,
            }],
            Decision.QueryWarnings o => [new Observation.WarningsListed(o.About, null, _at)],
            Decision.TaintNode o => [Accepted(o), new Observation.Updated<ClusterNode>(o.Node with { TaintedByUs = true })],
            Decision.UntaintNode o => [Accepted(o), new Observation.Updated<ClusterNode>(o.Node with { TaintedByUs = false })],
            Decision.DeletePod o => [Accepted(o), new Observation.Deleted<Pod>(Deleted(o.Pod))],
            Decision.DeleteAttachment o => [Accepted(o), new Observation.Deleted<Attachment>(o.Attachment)],
            Decision.Mutation o => [Accepted(o)],
            _ => [],
        };

        private Observation.MutationAnswered Accepted(Decision decision) => new(decision, new(MutationOutcome.Accepted), _at);

        private Pod Deleted(Pod pod)
        {
            DeletedAt.TryAdd(pod.Uid, _at);
            return pod;
        }

        private void Apply(IEnumerable<Observation> seen) => _cluster = seen.Aggregate(_cluster, (before, each) => before.Apply(each, _at));
    }
}
