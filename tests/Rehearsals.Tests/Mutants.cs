namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>Rules of the core, broken so that a scenario has to end badly. They prove the rehearsals; <see cref="TestedRules"/> has every rule.</summary>
/// <remarks>
/// A scenario sees a broken rule only if it does harm or stops a failover. Many rules of evidence back each other up, or speak of faults that the scenarios do not have: those are proved by unit tests alone.
/// </remarks>
internal static class Mutants
{
    // Rules that back each other up are broken together.
    private static readonly Edit NoCounterEvidence = new("LossRule.cs", "NotSeparated(peer) ?? Contradicted(peer) ?? MayHaveQuorumElsewhere(peer) ??", "");
    private static readonly Edit NoCounterEvidenceOfQuorum = new("LossRule.cs", "Contradicted(peer) ?? MayHaveQuorumElsewhere(peer) ??", "");
    private static readonly Edit NeverTooOld = new("PolicyEvaluation.Queries.cs", "resource.AnsweredAt >= now - Timings.AnswerLasts && resource.AnsweredAt - resource.ReportedAt <= Timings.RequestLasts\n        && resource.ReportedAt >= due - Timings.LongestLead", "now >= due");
    private static readonly Edit ListNeverTooOld = new("PolicyEvaluation.Queries.cs", "cluster.Linstor.AskedAt >= Instant.Later(lostSince, now - (cluster", "cluster.Linstor.AskedAt >= Instant.Later(Instant.Start, Instant.Start - (cluster");
    private static readonly Edit UnfencedIsFine = new("Eligibility.cs", "if (!resource.IsFenced(consumer))", "if (!resource.IsFenced(consumer) && resource.Speakers.IsEmpty)");

    public static readonly Mutant[] All =
    [
        // Which node has lost its storage.
        new("a consumer whose own replica may promote is well", new("LossRule.cs", "when _ownSpeaks && !IsOutvoted() => ", "when !_ownSpeaks => "), NoCounterEvidence),
        new("a replica that may promote and is connected is counter-evidence", NoCounterEvidence),
        new("a consumer whose side has quorum has lost nothing", NoCounterEvidenceOfQuorum),
        new("the node's side cannot have quorum", "LossRule.cs", " ?? MayHaveQuorumElsewhere(peer) ??", " ??"),
        new("without a quorum policy nothing is proved", new("LossRule.cs", "{ Fences: false } => HoldReason.NoQuorumPolicy,", "{ Fences: false } => null,"), UnfencedIsFine),
        new("a policy proves nothing of a node that has not heard of it",
            new("LossRule.cs", "_resource.HasHeardOfPolicy(_own.HeardAt) ? null : HoldReason.NoQuorumPolicy", "null"),
            new("Resource.cs", "Fences && (!SeenUnfenced ||", "Fences && (Fences ||")),
        new("where no replica reports on the connection the satellite has to be offline",
            new("LossRule.cs", "_ => _own.Presence == Presence.Lost || _linstor.StateOf(_own.Node) == SatelliteState.Offline ? null :", "_ => _own is not null ? null :"), NoCounterEvidenceOfQuorum),
        new("a resource that another node uses is not lost", "LossRule.cs", "if (InUseElsewhere() is { } consumer)", "if (InUseElsewhere() is { } consumer && consumer == _own.Node)"),
        new("a number of votes fences only if two partitions cannot have it", "QuorumPolicy.cs", "2 * needed > voters", "needed > 0"),

        // How long, and how fresh.
        new("a loss has to last for the grace period", "AssessedConsumer.cs", "SinceOf(consumer) + settings.GraceOf(consumer);", "SinceOf(consumer);"),
        new("the grace period begins anew when the loss was interrupted",
            new("LossRule.cs", "_ => rule._isUnknown ? now : null,", "_ => now,"), new Edit("LossAssessment.cs", "PausedAt is { } paused && next.Since - paused <= Timings.LongestDetection ?", "PausedAt is not null ?"),
            new Edit("LossAssessment.cs", "if (next.Since - pausedAt > Timings.LongestDetection)", "if (next.Since < pausedAt)")),
        new("nothing is decided while LINSTOR does not answer",
            new("LossRule.cs", "if (!_linstor.IsSynced)", "if (!_linstor.IsSynced && _others.Count == 0)"), new("LinstorView.cs", "IsSynced && StateOf(node) == SatelliteState.Online", "StateOf(node) == SatelliteState.Online"),
            NeverTooOld, ListNeverTooOld),
        new("LINSTOR confirms afresh before anything is done",
            NeverTooOld, ListNeverTooOld, new("PolicyEvaluation.Queries.cs", "reported + Between(_shortestInterval, reported - since, settings.ReconcileInterval)", "reported + TimeSpan.FromHours(1)"),
            new("PolicyEvaluation.Queries.cs", "if (consumer.Resource.ReportedAt < last)", "if (consumer.Resource.ReportedAt is null)")),
        new("what was asked before a suspension confirms nothing after it",
            new Edit("PolicyEvaluation.Queries.cs", " && resource.AnsweredAt - resource.ReportedAt <= Timings.RequestLasts", ""), new("PolicyEvaluation.Queries.cs", "=> cluster.Linstor.Latency <= Timings.RequestLasts\n        && cluster", "=> cluster"),
            new("PolicyEvaluation.Queries.cs", " && onNode.AnsweredAt - onNode.AskedAt <= Timings.PodListTakes", "")),
        new("LINSTOR is queried afresh for the satellites that it reaches",
            ListNeverTooOld, new("PolicyEvaluation.Queries.cs", "if (!(cluster.Linstor.AskedAt >= last))", "if (cluster.Linstor.AskedAt is null)"), NoCounterEvidenceOfQuorum),

        // Which pods may be moved.
        new("an annotated pod is exempt", "Eligibility.cs", ": pod.OptedOut ? new(HoldReason.OptedOut) : null", ": null"),
        new("a pod that writes to other shared storage is exempt", "Eligibility.cs", "if (volume.SharedStorage is { } storage)", "if (volume is { SharedStorage: { } storage, Claim: null })"),
        new("a pod is exempt that also writes to a resource without a quorum policy", UnfencedIsFine),
        new("an attachment stays under a pod that stays", "PolicyEvaluation.Moves.cs", ".FirstOrDefault(pod => !pod.Finished) is { } stays", ".FirstOrDefault(pod => pod.OptedIn) is { } stays"),
        new("an attachment is deleted only for a pod that opted in", "PolicyEvaluation.Moves.cs",
            "(cluster.Orphaned.Contains(attachment.Uid) || claims.Exists(claim => IsWantedElsewhere(claim, attachment.Node)));", "claims.Count > 0;"),
        new("too many nodes that look lost hold everything",
            new("PolicyEvaluation.cs", "if (cluster.Storm is not null)", "if (cluster.Storm is { Of: 0 })"), new("ClusterSnapshot.Actions.cs", "Storm is null && losses.All(Holds)", "losses.All(Holds)")), // the request is checked, too

        // How it is done.
        new("a pod that is not yet gone is deleted again", "RetryState.cs",
            "_ => new(failures + 1, at + Longer(Doubled(Timings.FirstRetry, failures, Timings.LongestRetry), Shorter(outcome.RetryAfter ?? TimeSpan.Zero, Timings.LongestRetryAfter)), outcome.Message)", "_ => new(0, at + TimeSpan.FromHours(1), outcome.Message)"),
        new("our taint is taken back", "PolicyEvaluation.Nodes.cs", "in cluster.TaintedByUs.Values)", "in cluster.TaintedByUs.Values.Take(0))"),

        // Which replica acts.
        new("a holder stops before a challenger starts", "LeaseView.cs",
            "now >= ChangedAt + duration ? LeaseStep.Take : LeaseStep.Look", "now >= ChangedAt + (duration * 0) ? LeaseStep.Take : LeaseStep.Look"),
        new("a holder counts from when it sent its renewal", "LeaseView.cs", "HeldUntil = sent + RenewDeadline", "HeldUntil = sent + (RenewDeadline * 10)"),
        new("a leader that cannot decide gives the Lease up", "LeaderElection.cs", "TermEnds ?? Lost.Since + LeaseTimings.SourceLostFor", "TermEnds ?? Lost.Since + TimeSpan.FromHours(1)"),
    ];
}
