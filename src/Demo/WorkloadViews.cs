namespace Piraeus.HighAvailability.Demo;

/// <summary>Sums up for how long a pod was down.</summary>
internal static class WorkloadViews
{
    /// <summary>The state of one pod.</summary>
    /// <param name="expected">The pod.</param>
    /// <param name="world">The cluster as it is.</param>
    /// <param name="history">The recorded outages.</param>
    /// <param name="isDeleted">Whether a controller has deleted the pod with a given uid.</param>
    public static WorkloadView Of(ExpectedPod expected, WorldView world, OutageHistory history, Func<string, bool> isDeleted)
    {
        var (pod, outages) = (OutageHistory.Current(world, expected.Name), history.OutagesOf(expected.Name));
        var moves = outages.Where(outage => outage.Replacement != outage.Uid && isDeleted(outage.Uid)).ToList();
        return new(expected.ShortName, expected.About, pod?.Node, pod is { Works: true }, Summary([.. outages.Except(moves)], moves, world.At), [.. moves.Select(outage => outage.From)]);
    }

    // Only an outage in which the controller moved the pod can be compared with what Kubernetes alone would have done.
    private static string Summary(List<Outage> others, List<Outage> moves, double now)
    {
        List<string> parts = [];
        if (moves is [.., var move])
        {
            parts.Add($"down {WorldChanges.Seconds(move.Until(now))} {(move.To is null ? "so far, being moved" : moves.Count > 1 ? $"while it was last moved, of {moves.Count} times" : "while it was moved")}"
                + $"; without the controller at least {Baseline.Words(Baseline.Total)}");
        }

        if (others is [.., { To: null } open])
        {
            parts.Add($"down for {WorldChanges.Seconds(open.Until(now))}, not moved");
            others.RemoveAt(others.Count - 1);
        }

        if (others.Count > 0)
        {
            parts.Add($"{(others.Count == 1 ? "one interruption" : $"{others.Count} interruptions")} without a move, {WorldChanges.Seconds(others.Sum(outage => outage.Until(now)))}{(others.Count == 1 ? "" : " in all")}");
        }

        return parts.Count == 0 ? "never down" : string.Join(". ", parts);
    }
}
