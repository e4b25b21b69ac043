using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <summary>The essence of a decision, independent of its wording: two versions with the same fingerprint have decided alike.</summary>
internal static class DecisionFingerprint
{
    public static string Of(Decision decision) => decision switch
    {
        Decision.Hold o => $"hold {o.Resource} on {o.Node}: {o.Reason}{(o.Overdue ? ", overdue" : "")}{string.Concat(o.Pods.Select(pod => $" {pod.Uid}"))}",
        Decision.ReportStuck o => $"stall {o.Failover.Pod.Uid}: {o.Phase}",
        Decision.TaintNode o => Of(decision, Of(o.Evidence)),
        Decision.DeletePod o => Of(decision, Of(o.Evidence)),
        Decision.DeleteAttachment o => Of(decision, Of(o.Evidence)),
        Decision.ClearVolumesInUse o => Of(decision, string.Join(' ', o.Volumes)),
        _ => Of(decision, null),
    };

    private static string Of(Decision action, string? why)
    {
        var key = action.Key;
        return why is null ? $"{key.Verb} {key.Target}" : $"{key.Verb} {key.Target}: {why}";
    }

    private static string Of(LossEvidence evidence) => $"{evidence.Resource} lost on {evidence.Lost}, {evidence.Peer} may promote, due {evidence.Due}";
}
