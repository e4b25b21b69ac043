using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Endpoints;

/// <summary>Translates the snapshot and the verdict of one instant into text and wall time.</summary>
/// <param name="cluster">The snapshot.</param>
/// <param name="verdict">The verdict on it.</param>
/// <param name="now">The instant.</param>
/// <param name="wall">The same instant by the wall clock.</param>
internal sealed class StatusReader(ClusterSnapshot cluster, Verdict verdict, Instant now, DateTimeOffset wall)
{
    public DateTimeOffset Wall => wall;

    /// <summary>Translates statements and decisions.</summary>
    public StatementReader Statements { get; } = new(now, wall);

    public WireLeadership Leadership(bool elects, LeadershipStatus hold)
    {
        var lost = hold.Election.Lost;
        var cannotDecide = lost.CannotDecide(now);
        return new(
            elects,
            hold.Covers(TimeSpan.Zero),
            hold.Holder,
            !cannotDecide,
            cannotDecide && lost.Since is { } since ? At(since) : null,
            cannotDecide ? Readiness.Describe(lost, now, wall) : null);
    }

    public WireSources Sources(ControllerInUse? linstor) => new(
        [.. cluster.SyncedSources.Order().Select(source => source.ToString())],
        [.. Enum.GetValues<Source>().Except(cluster.SyncedSources).Select(source => source.ToString())],
        cluster.Linstor.AnsweredAt is { } answered ? Seconds(now - answered) : null,
        linstor?.Address,
        linstor?.Fault);

    public WireStorm? Storm => cluster.Storm is { } storm ? new([.. storm.Nodes.Select(node => node.Value)], storm.Of) : null;

    public WireUser Consumer(AssessedConsumer assessed)
    {
        var consumer = assessed.Consumer;
        return new(
            consumer.Resource.Name.Value,
            consumer.Node.Value,
            consumer.LinstorName.Value,
            [.. consumer.Pods.Select(Pod)],
            [.. consumer.Attachments.Select(attachment => attachment.Name)],
            At(assessed.Since),
            consumer.Assessment?.By?.Value,
            assessed.IsLoss ? Seconds(assessed.Due - assessed.Since) : null,
            assessed.IsLoss ? Math.Max(0, Seconds(assessed.Due - now)) : null,
            assessed.IsMoved,
            [.. assessed.Holds.Select(hold => new WireRemark(hold.Reason.ToString(), DecisionText.Of(hold), hold.Overdue, [.. hold.Pods.Select(pod => $"{pod.Key}")]))],
            Statements.Resource(consumer.Resource, cluster.Linstor));
    }

    /// <summary>The resources that keep each node's taint.</summary>
    public IEnumerable<WireTaintStays> Taints => verdict.Decisions.OfType<Decision.Hold>().Where(hold => hold.Reason == HoldReason.TaintStays)
        .Select(hold => new WireTaintStays(hold.Node.Value, hold.Resource.Value, At(hold.Since), DecisionText.Of(hold)));

    public static WireFailover Failover(Failover failover) => new(
        Pod(failover.Pod),
        failover.Evidence.Resource.Value,
        failover.Evidence.Lost.Value,
        failover.Awaited is { } awaited ? DecisionText.Name(awaited) : null,
        failover.Ending?.ToString(),
        failover.Replacement is { } replacement ? Pod(replacement) : null,
        [.. failover.Phases.Select(phase => new WirePhase(DecisionText.Name(phase.Phase), Seconds(phase.Took)))],
        DecisionText.Of(failover));

    private static WirePod Pod(Pod pod) => new(pod.Key.Namespace, pod.Key.Name, pod.Uid.Value, pod.Node?.Value);

    private DateTimeOffset At(Instant at) => Statements.At(at);

    private static double Seconds(TimeSpan time) => StatementReader.Seconds(time);
}
