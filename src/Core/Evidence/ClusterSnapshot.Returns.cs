using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>How often a replacement came to a lost node from which its predecessor was moved away: the back-off for moving it on.</content>
public sealed partial record ClusterSnapshot
{
    private ImmutableDictionary<(NodeName Node, ObjectKey Claim), (int Count, Instant At)> Returns { get; init; } = ImmutableDictionary<(NodeName, ObjectKey), (int, Instant)>.Empty;

    /// <summary>When a pod that came to a lost node may be moved on, by the number of its predecessors.</summary>
    internal Instant MayMoveOn(Pod pod, NodeName lost)
    {
        var may = Instant.Start;
        foreach (var claim in Returns.IsEmpty ? [] : pod.ClaimKeys)
        {
            may = Returns.TryGetValue((lost, claim), out var last) ? Instant.Later(may, last.At + Pause(last.Count)) : may;
        }

        return may;
    }

    // If nothing keeps the scheduler from placing the next one there, too, moving them at once only makes more of them.
    private ClusterSnapshot NoteReturn(Decision.DeletePod deletion, Instant at)
    {
        if (Pods.Find(deletion.Pod.Key) is not { } known || known.Item.Uid != deletion.Pod.Uid || known.Since <= deletion.Evidence.Due)
        {
            return this;
        }

        var returns = Returns.RemoveRange(Returns.Where(one => at - one.Value.At > Timings.ReturnLasts).Select(one => one.Key));
        foreach (var claim in deletion.Pod.ClaimKeys.Distinct())
        {
            var key = (deletion.Evidence.Lost, claim);
            returns = returns.SetItem(key, (returns.GetValueOrDefault(key).Count + 1, at));
        }

        return this with { Returns = returns };
    }

    private static TimeSpan Pause(int count)
    {
        var pause = Timings.FirstPause * (1 << Math.Min(count - 1, 6));
        return pause < Timings.LongestPause ? pause : Timings.LongestPause;
    }
}
