namespace Piraeus.HighAvailability.Core;

/// <summary>Too much lost at once is a reason to doubt the witness, not to empty the cluster.</summary>
internal static class StormGuard
{
    /// <summary>Why the witness is doubted, or null: more satellites look lost than the threshold allows, and at least two.</summary>
    /// <remarks>A satellite looks lost if it is offline, or if somebody there has lost a resource: one neglected replica says nothing of its node.</remarks>
    /// <param name="cluster">What is known.</param>
    /// <param name="threshold">The share of satellites that may look lost, from 0 to 1; 1 never doubts.</param>
    public static string? Doubt(ClusterSnapshot cluster, double threshold)
    {
        var satellites = cluster.Satellites?.Values.Where(satellite => !satellite.Evicted).ToList() ?? [];
        var cutOff = cluster.InDoubt.Values
            .SelectMany(users => users)
            .Where(user => user.Finding is { Objection: null })
            .Select(user => user.LinstorName)
            .ToHashSet();

        var lost = satellites.Count(satellite => satellite.State == SatelliteState.Offline || cutOff.Contains(satellite.Name));
        return lost >= 2 && lost > satellites.Count * threshold ? $"{lost} of {satellites.Count} satellites look lost" : null;
    }
}
