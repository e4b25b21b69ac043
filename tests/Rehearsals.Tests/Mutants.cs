namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>Each rule of the policy, broken.</summary>
/// <remarks>
/// Five rules have no mutant, because the truth alone does not show that they were broken: time in which LINSTOR could not be asked does not count, the grace period does not begin before the
/// node uses the resource, what is on a node is known afresh, a late answer to an older question is not believed, and what the stream said after the question is newer than the answer.
/// Whoever breaks the last two starts a loss anew that is over, and hears so from the last word before its grace period ends. <c>tests/Core.Tests</c> has all five.
/// </remarks>
internal static class Mutants
{
    // Rules that back each other up are broken together.
    private static readonly Edit NoWitnessOfQuorum = new("StorageLoss.cs", "if (user is { Gone: false, Score: > 0 } && !IsOffline(user, satellites))", "if (user is { Gone: true, Score: > 0 })");
    private static readonly Edit NoCompanion = new("StorageLoss.cs", "replica.Score > 0 && peers", "replica.Score < 0 && peers");
    private static readonly Edit NeverTooOld = new("PolicyEvaluation.Questions.cs", "resource.ReportedAt >= now - Fresh && !(resource.ReportedAt < due - _lead)", "resource.ReportedAt >= Instant.Start");
    private static readonly Edit SatellitesNeverTooOld = new("PolicyEvaluation.Questions.cs", "asked >= now - Fresh && asked >= due - _lead;", "asked >= Instant.Start;");
    private static readonly Edit UnfencedIsFine = new("Eligibility.cs", "&& !resource.Fences(user)", "&& !resource.Fences(user) && resource.Replicas.IsEmpty");

    public static readonly Mutant[] All =
    [
        // Who has lost its storage.
        new("a user whose own replica may promote is well",
            new("StorageLoss.cs", "if (user.Promotability == Promotability.MayPromote)", "if (user.Promotability == Promotability.MayPromote && user.Leaving)"),
            new("StorageLoss.cs", "peers.LinkFrom(replica, user) == Link.Up &&", "peers.LinkFrom(replica, user) == Link.Up && replica.Leaving &&"),
            NoWitnessOfQuorum, NoCompanion),
        new("without a rival nobody has lost anything", "StorageLoss.cs",
            "if (rivals.Count == 0)\n        {", "if (rivals.Count == 0 && others.Count == 0)\n        {"),
        new("a replica that may promote and is connected speaks against a loss",
            new("StorageLoss.cs", "peers.LinkFrom(replica, user) == Link.Up &&", "peers.LinkFrom(replica, user) == Link.Up && replica.Leaving &&"), NoWitnessOfQuorum, NoCompanion),
        new("without a quorum policy nothing is proved",
            new("StorageLoss.cs", "if (!resource.Fences(user.Node))", "if (resource.Quorum is null)"), UnfencedIsFine),
        new("a policy proves nothing of a node that has not heard of it", "Resource.cs",
            "&& !Unfenced.Contains(node)", "&& (Unfenced.Count >= 0)"),
        new("a user whose side has quorum has lost nothing", NoWitnessOfQuorum, NoCompanion),
        new("where nobody reports on the connection the satellite has to be offline",
            new("StorageLoss.cs", "Link.Unreported) && !IsOffline(user, satellites))", "Link.Unreported) && !IsOffline(user, satellites) && user.Gone)"), NoWitnessOfQuorum, NoCompanion),
        new("a resource that another node uses is not lost", "StorageLoss.cs",
            "others.Find(replica => replica.Usage == Usage.InUse) is { } inUse", "others.Find(replica => replica is { Usage: Usage.InUse, Leaving: true }) is { } inUse"),
        new("a number of votes fences only if two partitions cannot have it", "Storage.cs",
            "2 * votes > voters", "votes > 0"),

        // How long, and how fresh.
        new("a loss has to last for the grace period", "FailoverPolicy.cs",
            "since + GraceOf(user);", "since;"),
        new("the grace period begins anew when the loss was interrupted", "Resource.cs",
            "(objection is null && IsBeingNoticed(before, at))", "objection is null"),
        new("nothing is decided while LINSTOR does not answer",
            new("FailoverPolicy.cs", "if (!cluster.SyncedSources.Contains(Source.Linstor))", "if (cluster.Satellites is null)"), NeverTooOld, SatellitesNeverTooOld),
        new("LINSTOR confirms afresh before anything is done",
            NeverTooOld, SatellitesNeverTooOld, new("PolicyEvaluation.Questions.cs", "resource.ReportedAt!.Value + interval", "resource.ReportedAt!.Value + TimeSpan.FromHours(1)")),

        new("LINSTOR says afresh which satellites it reaches",
            SatellitesNeverTooOld, new("PolicyEvaluation.Questions.cs", "if (!(cluster.SatellitesAskedAt >= last))", "if (cluster.SatellitesAskedAt is null)")),

        // Who may be moved.
        new("an annotated pod is exempt", "Eligibility.cs",
            "if (pod.OptedOut)", "if (pod.OptedOut && !pod.OptedIn)"),
        new("a pod that writes to other shared storage is exempt", "Eligibility.cs",
            "if (volume.SharedStorage is { } storage)", "if (volume is { SharedStorage: { } storage, Claim: null })"),
        new("a pod is exempt that also writes to a resource without a quorum policy", UnfencedIsFine),
        new("an attachment stays under a pod that stays", "FailoverPolicy.cs",
            ".FirstOrDefault(pod => !pod.Finished) is { } stays", ".FirstOrDefault(pod => pod.OptedIn) is { } stays"),
        new("an attachment is deleted only for a pod that opted in", "FailoverPolicy.cs",
            "if (!cluster.Orphaned.Contains(attachment.Uid) && !IsWantedElsewhere(claim, user.Node))", "if (claim.Name.Length == 0)"),
        new("too many satellites that look lost hold everything", "StormGuard.cs",
            "lost >= 2 && lost > satellites.Count * threshold", "lost > satellites.Count"),

        // How it is done.
        new("who is not yet gone is deleted again", "Attempt.cs",
            "_ => new(failures + 1, at + Longer(Doubled(FirstDelay, failures, LongestDelay), Shorter(outcome.RetryAfter ?? TimeSpan.Zero, LongestRetryAfter)), outcome.Message)", "_ => new(0, at + TimeSpan.FromHours(1), outcome.Message)"),
        new("our taint is taken back", "PolicyEvaluation.Nodes.cs",
            "Where(node => node.TaintedByUs)", "Where(node => node is { TaintedByUs: true, Name.Value: \"\" })"),

        // Who acts.
        new("a holder stops before a challenger starts", "LeaseRace.cs",
            "now >= ChangedAt + duration ? LeaseMove.Take : LeaseMove.Look", "now >= ChangedAt + (duration * 0) ? LeaseMove.Take : LeaseMove.Look"),
        new("a holder counts from when it sent its renewal", "LeaseRace.cs",
            "HeldUntil = sent + RenewDeadline", "HeldUntil = sent + (RenewDeadline * 10)"),
        new("a leader that cannot decide gives the Lease up", "LeaderElection.cs",
            "TermEnds ?? Lost.Since + LeaseTimings.SourceLostFor", "TermEnds ?? Lost.Since + TimeSpan.FromHours(1)"),
    ];
}
