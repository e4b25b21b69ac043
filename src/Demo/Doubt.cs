using Piraeus.HighAvailability.Controller.Endpoints;

namespace Piraeus.HighAvailability.Demo;

/// <summary>What a controller knows of pods in doubt, and how old that is, next to the pods that are truly down.</summary>
/// <param name="Controller">The controller whose answer this is; null if none has ever answered.</param>
/// <param name="Leads">Whether it leads.</param>
/// <param name="AnsweredAt">When it answered, in seconds since the demo began.</param>
/// <param name="IsStale">Whether that is so long ago that it says nothing of the present.</param>
/// <param name="Pods">The pods in doubt at that time, one entry for each.</param>
/// <param name="Down">The pods that do not work now.</param>
internal sealed record DoubtView(string? Controller, bool Leads, double? AnsweredAt, bool IsStale, IReadOnlyList<PodDoubtView> Pods, IReadOnlyList<string> Down);

/// <summary>A pod in doubt, with all its volumes.</summary>
/// <param name="Subject">The pod, or the attachment that no pod uses.</param>
/// <param name="Node">Its node.</param>
/// <param name="Resources">Its resources that are in doubt.</param>
/// <param name="GraceSeconds">The grace period; null if none runs that would end with an action.</param>
/// <param name="GraceLeftSeconds">What is left of it.</param>
/// <param name="WouldAct">Whether the leader acts on it now.</param>
/// <param name="Outlook">What will be done about it; null if nothing suggests a loss.</param>
/// <param name="Reasons">Why it is left alone.</param>
internal sealed record PodDoubtView(string Subject, string Node, IReadOnlyList<string> Resources, double? GraceSeconds, double? GraceLeftSeconds, bool WouldAct, string? Outlook, IReadOnlyList<string> Reasons);

/// <summary>Chooses the answer that says most of the present, and sums it up for each pod.</summary>
internal static class Doubt
{
    /// <summary>An answer older than this many seconds says nothing of the present: a controller that works answers several times a second.</summary>
    public const double Fresh = 3;

    /// <summary>What is known of the pods in doubt.</summary>
    /// <param name="controllers">The controllers.</param>
    /// <param name="workloads">The workloads as they are now.</param>
    public static DoubtView Of(IReadOnlyList<ControllerView> controllers, IReadOnlyList<WorkloadView> workloads)
    {
        var best = controllers.Where(one => one.Status is not null).OrderBy(one => one.IsStale).ThenByDescending(one => one.Leads).ThenByDescending(one => one.AnsweredAt).FirstOrDefault();
        return new(
            best?.Name, best?.Leads == true, best?.AnsweredAt, best?.IsStale != false,
            best is null ? [] : [.. best.Status!.InDoubt.SelectMany(Subjects).GroupBy(one => (one.Subject, one.Consumer.Node), one => one.Consumer).Select(consumers => Of(consumers.Key.Subject, [.. consumers]))],
            [.. workloads.Where(workload => !workload.Works).Select(workload => workload.Pod)]);
    }

    /// <summary>Whether a hold reason is one that no grace period ends.</summary>
    public static bool Stays(string reason) => reason is "NotOptedIn" or "OptedOut" or "Finished" or "WritesToSharedStorage" or "AttachmentInUse";

    private static IEnumerable<(string Subject, WireUser Consumer)> Subjects(WireUser consumer) =>
        consumer.Pods.Count == 0 ? [($"attachment of {consumer.Resource}", consumer)] : consumer.Pods.Select(pod => ($"{pod.Namespace}/{pod.Name}", consumer));

    private static PodDoubtView Of(string subject, IReadOnlyList<WireUser> consumers)
    {
        // The grace period that ends first decides when something happens to the pod, unless the pod stays in any case.
        var lost = consumers.Where(consumer => consumer.GraceSeconds is not null).MinBy(consumer => consumer.GraceLeftSeconds);
        var remarks = consumers.SelectMany(consumer => consumer.Remarks.Where(remark => remark.Reason != "GraceNotOver" && (remark.Pods.Count == 0 || remark.Pods.Contains(subject)))).ToList();
        // The volume that keeps a pod in place because it is written to elsewhere too may be lost itself in the end.
        var stays = remarks.Exists(remark => Stays(remark.Reason) && (remark.Reason != "WritesToSharedStorage" || !consumers.Any(other => other.GraceLeftSeconds > 0 && !other.Remarks.Contains(remark))));
        var wouldAct = consumers.Any(consumer => consumer.WouldAct);
        var waits = lost is { GraceLeftSeconds: > 0 } && !stays;
        var outlook = lost is null ? null
            : stays ? "Its storage seems lost, but it will not be moved:"
            : waits ? $"Its storage seems lost. The leader acts in {WorldChanges.Seconds(lost.GraceLeftSeconds!.Value)}, unless the storage comes back."
            : wouldAct ? "The grace period is over: the leader acts." : "The grace period is over.";
        return new(
            subject, consumers[0].Node, [.. consumers.Select(consumer => consumer.Resource)], waits ? lost!.GraceSeconds : null, waits ? lost!.GraceLeftSeconds : null, wouldAct, outlook,
            [.. remarks.Select(remark => Because(remark.Sentence)).Distinct()]);
    }

    // "Leaving pod shop/db-0 on node node-a alone: it carries ...": the card says already which pod.
    private static string Because(string sentence) => sentence.IndexOf(" alone: ", StringComparison.Ordinal) is > 0 and var at ? sentence[(at + " alone: ".Length)..] : sentence;
}
