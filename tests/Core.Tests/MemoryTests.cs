using static Piraeus.HighAvailability.Core.Tests.OwnedPods;

namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>A process that runs for months keeps nothing of what is gone.</summary>
public sealed class MemoryTests
{
    // Nodes come and go, each under a new name.
    [Fact]
    public void Nothing_is_kept_of_nodes_that_are_gone()
    {
        var scenario = Scenario.Empty();
        for (var i = 0; i < 1000; i++)
        {
            var node = new NodeName($"n{i}");
            scenario.Observe(new Observation.Updated<ClusterNode>(new(node, new($"u{i}")))).Observe(new Observation.Updated<CsiNode>(new(node, node)))
                .Observe(new Observation.PodsOnNodeListed(node, [], [], scenario.Now))
                .Observe(new Observation.MutationAnswered(new Decision.UntaintNode(new(node, new($"u{i}"))), new(MutationOutcome.Refused), scenario.Now))
                .Observe(new Observation.Deleted<ClusterNode>(new(node, new($"u{i}")))).After(1);
        }

        scenario.After(3600);
        Assert.InRange(scenario.Cluster.PodsOnNodes.Count, 0, 700); // those of the last minutes
        Assert.InRange(scenario.Cluster.RetryStates.Count, 0, 10);
    }

    // An autoscaler gives nodes names that never come again; linstor-csi makes a diskless replica wherever the pod goes, and takes it away when it leaves; the operator deletes the node from LINSTOR.
    [Theory]
    [InlineData("")]
    [InlineData(".example.com")]
    public void Nothing_is_kept_of_replicas_that_were_removed_from_nodes_that_are_gone(string domain)
    {
        Replica At(string node, params string[] peers) => new(new(node))
        {
            Promotability = Promotability.MayNotPromote,
            Score = 10103,
            Usage = node[0] == 'n' ? Usage.InUse : Usage.Unused,
            Diskless = node[0] == 'n',
            Connections = [.. peers.Where(peer => peer != node).Select(peer => new Connection(peer + domain, Up: true))],
        };
        var scenario = Scenario.WithAppOn("a");
        Replica[] three = [.. "abc".Select(node => At($"{node}", "a", "b", "c"))];
        Satellite[] well = [.. "abc".Select(node => new Satellite(new($"{node}"), SatelliteState.Online))];
        for (var i = 0; i < 100; i++)
        {
            var node = $"n{i}";
            scenario.Satellites([.. well, new(new(node), SatelliteState.Online)])
                .Facts("pvc-1", "majority", [.. "abc".Select(one => At($"{one}", "a", "b", "c", node)), At(node, "a", "b", "c")])
                .Report("pvc-1").After(200).Report("pvc-1").After(10)
                .Facts("pvc-1", "majority", three).Report("pvc-1").After(10).Satellites([.. well, new(new(node), SatelliteState.Online)]).Report("pvc-1").After(200)
                .Satellites(well).After(200);
        }

        var resource = scenario.Cluster.Resources[Scenario.Pvc1];
        Assert.InRange(resource.Speakers.Max(speaker => speaker.Memberships.Length), 1, 5);
        Assert.InRange(resource.Speakers.Max(speaker => speaker.Links.Length), 0, 20);
        Assert.InRange(resource.Speakers.Length, 0, 20);
    }

    // Volumes come, are lost, moved, and deleted with everything that used them; some requests fail.
    [Fact]
    public void Nothing_is_kept_of_volumes_that_are_gone()
    {
        var scenario = OnNode(new() { StormThreshold = 1 });
        var random = new Random(1);
        scenario.Ignores = decision => random.Next(10) == 0 && decision is not Decision.QuerySatellites;
        scenario.Answers = decision => random.Next(4) switch { 0 => MutationOutcome.Refused, 1 => MutationOutcome.TimedOut, _ => MutationOutcome.Accepted };
        for (var i = 0; i < 60; i++)
        {
            var (pvc, pv, va, claim, app) = ($"pvc-x{i}", $"pv-x{i}", $"va-x{i}", $"data-x{i}", $"x{i}");
            scenario.Resource(pvc, "a").Volume(pv, claim, pvc).Attachment(va, pv, "a").Pod(app, "a", pod => pod with { Claims = [new(claim)], Owner = Set }).After(20);
            scenario.CutOff("a", pvc).After(60 + random.Next(30));
            if (i % 2 == 0)
            {
                scenario.Heal("a", pvc).After(30);
            }

            var pods = scenario.Cluster.Pods.All.Where(held => held.Item.Key.Name == app).ToList();
            pods.ForEach(held => scenario.PodGone(app, "a"));
            if (scenario.Cluster.Attachments.Find(va) is { } left)
            {
                scenario.Observe(new Observation.Deleted<Attachment>(left.Item));
            }

            foreach (var node in (string[])["a", "b", "c"])
            {
                scenario.Replica(node, replica => replica with { Promotability = Promotability.Unknown, Usage = Usage.Unknown, Score = null, Connections = [] }, pvc);
            }

            scenario.VolumeGone(pv).RemoveDefinition(pvc).Report(pvc).After(30);
        }

        scenario.After(7200);
        var sizes = typeof(ClusterSnapshot).GetProperties(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic)
            .Where(property => property.GetIndexParameters().Length == 0)
            .Select(property => (property.Name, Count: property.GetValue(scenario.Cluster) is { } value && value.GetType().GetProperty("Count") is { } count ? (int)count.GetValue(value)! : 0))
            .Where(size => size is { Count: > 4, Name: not "SyncedSources" }).Select(size => $"{size.Name} {size.Count}");
        Assert.Empty(sizes);
    }

    private static Scenario OnNode(FailoverSettings? settings = null) => Scenario.WithAppOn("a", settings).Node("a", "csi^pv-1");
}
