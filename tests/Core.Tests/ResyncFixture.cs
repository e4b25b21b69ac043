namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>A schedule, the cluster that it reads, and rounds that succeed.</summary>
public abstract class ResyncFixture
{
    private protected static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private protected ClusterSnapshot Cluster { get; set; } = ClusterSnapshot.Empty;

    private protected ResyncSchedule Schedule { get; set; } = new(Interval, Instant.Start);

    private protected static Instant At(double seconds) => Instant.Start + TimeSpan.FromSeconds(seconds);

    private protected static IEnumerable<string> Names(int first, int count) => Enumerable.Range(first, count).Select(number => $"r-{number:0000}");

    private protected void Observe(Observation seen) => Cluster = Cluster.Apply(seen, Instant.Start);

    private protected void InUse(int count)
    {
        Observe(new Observation.Listed<Volume>([.. Names(0, count).Select(name => new Volume($"pv-{name}", null) { Resource = new(name) })]));
        Observe(new Observation.Listed<Attachment>([.. Names(0, count).Select(name => new Attachment(name, new(name), $"pv-{name}", new("a")))]));
        Observe(new Observation.SatellitesListed([new(new("a"), SatelliteState.Online)], Instant.Start));
    }

    private protected void Read(double at)
    {
        Schedule.BeginRound(At(at));
        Schedule.SatellitesRead(At(at));
    }

    /// <summary>A whole round in which all resources answer but one.</summary>
    private protected List<string> Round(double at, string? failing = null)
    {
        Read(at);
        var slice = Schedule.NextSlice(Cluster, At(at));
        foreach (var resource in slice)
        {
            if (resource.Value == failing)
            {
                Schedule.Failed(resource, At(at), isNetwork: false);
            }
            else
            {
                Schedule.Answered(resource);
            }
        }

        return [.. slice.Select(resource => resource.Value)];
    }
}
