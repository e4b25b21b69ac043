namespace Piraeus.HighAvailability.Core.Tests;

/// <content>How a scenario begins.</content>
internal sealed partial class Scenario
{
    /// <summary>Nothing but nodes; by default a, b and c with their satellites online.</summary>
    public static Scenario Empty(FailoverSettings? settings = null, params Satellite[] satellites) => Unsynced(settings, satellites).Sync();

    /// <summary>As <see cref="Empty"/>, before any Kubernetes watch is synced.</summary>
    public static Scenario Unsynced(FailoverSettings? settings = null, params Satellite[] satellites)
    {
        var scenario = JustStarted(settings ?? new FailoverSettings(), satellites is [] ? [.. "abc".Select(node => new Satellite(new($"{node}"), SatelliteState.Online))] : satellites);
        return scenario.Observe(new Observation.SatellitesListed([.. scenario._satellites.Values], Instant.Start));
    }

    /// <summary>As <see cref="Unsynced"/>, before LINSTOR's first list of satellites.</summary>
    public static Scenario JustStarted(FailoverSettings settings, params Satellite[] satellites)
    {
        var scenario = new Scenario(settings);
        foreach (var satellite in satellites)
        {
            scenario._satellites[satellite.Name] = satellite;
        }

        return scenario;
    }

    /// <summary>Every Kubernetes watch is synced, with no objects.</summary>
    public Scenario Sync() => Observe(new Observation.Listed<Pod>([]))
        .Observe(new Observation.Listed<Volume>([]))
        .Observe(new Observation.Listed<Attachment>([]))
        .Observe(new Observation.Listed<ClusterNode>([]))
        .Observe(new Observation.Listed<CsiNode>([]));

    public static Scenario WithAppOn(string node, FailoverSettings? settings = null, Func<Replica, Replica>? change = null, string replicas = "abc") =>
        Empty(settings, [.. replicas.Select(replica => new Satellite(new($"{replica}"), SatelliteState.Online))])
        .Resource("pvc-1", node, change, "majority", [.. replicas.Select(replica => $"{replica}")])
        .Volume("pv-1", "data", "pvc-1")
        .Attachment("va-1", "pv-1", node)
        .Pod("app-0", node);

    /// <summary>The app on a, with five disks: b and c have lost their links to d and e, and all five are connected to a.</summary>
    public static Scenario InTwoParts()
    {
        string[] nodes = ["a", "b", "c", "d", "e"];
        var scenario = Empty(new() { StormThreshold = 1 }).Satellites([.. nodes.Select(node => new Satellite(new(node), SatelliteState.Online))])
            .Resource("pvc-1", "a", "majority", nodes).Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a");
        foreach (var side in (string[])["b", "c"])
        {
            scenario.Link(side, "d", up: false).Link(side, "e", up: false);
        }

        return scenario.After(20);
    }

    /// <summary>The app on a, which is not ready, with satellites on five nodes, some of which are off.</summary>
    public static Scenario OnFiveNodes(params string[] off) => WithAppOn("a").Node("a", ready: false)
        .Satellites([.. "abcde".Select(node => new Satellite(new($"{node}"), off.Contains($"{node}") ? SatelliteState.Offline : SatelliteState.Online))]).After(10);
}
