using System.Collections.Immutable;
using Piraeus.HighAvailability.Controller.Forecasting;
using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Forecasting;

/// <summary>What would happen if node a died: pod app-0 of it uses a resource that has replicas on a, b and c.</summary>
public sealed class NodeForecasterTests
{
    private static readonly Instant Now = Instant.Start + TimeSpan.FromSeconds(5);

    private static readonly Replica User = new(new("a")) { Usage = Usage.InUse, Promotability = Promotability.MayNotPromote, Score = 10103, Connections = [new("b", Up: true), new("c", Up: true)] };
    private static readonly Replica PeerB = new(new("b")) { Usage = Usage.Unused, Promotability = Promotability.MayNotPromote, Score = 10103, Connections = [new("a", Up: true), new("c", Up: true)] };
    private static readonly Replica PeerC = new(new("c")) { Usage = Usage.Unused, Promotability = Promotability.MayNotPromote, Score = 10103, Connections = [new("a", Up: true), new("b", Up: true)] };

    [Fact]
    public void With_quorum_elsewhere_the_pod_moves_when_the_grace_period_is_over() =>
        Assert.Equal("Pod shop/app-0 would be moved 45 s after LINSTOR has noticed.", Assert.Single(Forecast().Pods).Sentence);

    [Fact]
    public void A_grace_period_of_a_month_is_simulated_in_coarse_steps()
    {
        var month = TimeSpan.FromDays(30);
        var pod = Assert.Single(new NodeForecaster(new() { StormThreshold = 1, KnownResourceGrace = month, NewResourceGrace = month }).Of(Cluster(User, PeerB, PeerC), new("a"), Now).Pods);
        Assert.Equal(month, pod.MovedAfter);
    }

    [Fact]
    public void A_tie_breaker_gives_quorum_and_takes_no_data() =>
        Assert.Equal(TimeSpan.FromSeconds(45), Forecast(
            User with { Score = 10102 }, PeerB with { Score = 10102 }, PeerC with { Diskless = true, Score = 2 }).Pods[0].MovedAfter);

    [Fact]
    public void A_diskless_user_has_no_vote_to_lose() =>
        Assert.Equal(TimeSpan.FromSeconds(45), Forecast(
            User with { Diskless = true, Score = 2 }, PeerB with { Score = 10102 }, PeerC with { Score = 10102 }).Pods[0].MovedAfter);

    [Fact]
    public void Connections_are_known_by_host_names() =>
        Assert.Equal(TimeSpan.FromSeconds(45), Assert.Single(Forecast(
            Cluster(User, PeerB with { Connections = [new("host-a.example", Up: true), new("c", Up: true)] }, PeerC with { Connections = [new("HOST-A", Up: true), new("b", Up: true)] })).Pods).MovedAfter);

    [Fact]
    public void On_one_voice_it_waits_until_Kubernetes_calls_the_node_not_ready() =>
        Assert.InRange(Assert.Single(Forecast(Cluster(User with { Score = 10102 }, PeerB with { Score = 10102 }, PeerC with { Diskless = true, Score = 2 }).Apply(Satellites("c"), Now)).Pods).MovedAfter!.Value, TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(61));

    [Fact]
    public void A_replica_that_leaves_has_no_vote()
    {
        // Three replicas stay. With the leaving one, b and c would have two of four votes.
        Replica leaving = new(new("d")) { Leaving = true };
        Assert.Equal(TimeSpan.FromSeconds(45), Assert.Single(Forecast(User, PeerB, PeerC, leaving).Pods).MovedAfter);
    }

    [Fact]
    public void The_only_replica_does_not_take_over_while_its_satellite_is_away() =>
        Assert.Null(Assert.Single(Forecast(Cluster(User with { Diskless = true, Score = 1, Connections = [new("b", Up: true)] }, PeerB with { Score = 10101, Connections = [new("a", Up: true)] }).Apply(Satellites("b"), Now)).Pods).MovedAfter);

    [Fact]
    public void A_pod_that_has_finished_is_left_out()
    {
        var cluster = Cluster("majority", ControlFixture.App with { Finished = true }, User, PeerB, PeerC);
        Assert.Empty(NodeForecaster.Nodes(cluster));
        Assert.Empty(Forecast(cluster).Pods);
    }

    public static TheoryData<string, HoldReason> WhatHolds => new()
    {
        { "policy off", HoldReason.NoQuorumPolicy },
        { "policy unknown", HoldReason.QuorumPolicyUnknown },
        { "two replicas without a tie-breaker", HoldReason.NothingMayPromote },
        { "only replica", HoldReason.NobodySpeaks },
        { "peers not up to date", HoldReason.NothingMayPromote },
        { "opted out", HoldReason.OptedOut },
        { "shared storage", HoldReason.WritesToSharedStorage },
        { "peers are cut off from one another", HoldReason.NothingMayPromote },
        { "both other satellites are away", HoldReason.NobodySpeaks },
        { "in use elsewhere", HoldReason.NothingMayPromote },
    };

    [Theory]
    [MemberData(nameof(WhatHolds))]
    public void What_would_stay_says_why(string state, HoldReason reason)
    {
        var forecast = Forecast(state switch
        {
            "policy off" => Cluster("off", ControlFixture.App, User, PeerB, PeerC),
            "policy unknown" => Cluster(null, ControlFixture.App, User, PeerB, PeerC),
            "two replicas without a tie-breaker" => Cluster(User with { Score = 10102, Connections = [new("b", Up: true)] }, PeerB with { Score = 10102, Connections = [new("a", Up: true)] }),
            "only replica" => Cluster(User with { Score = 10101, Connections = [] }),
            "peers not up to date" => Cluster(User with { Score = 10101 }, PeerB with { Score = 10001 }, PeerC with { Score = 10001 }),
            "opted out" => Cluster("majority", ControlFixture.App with { OptedOut = true }, User, PeerB, PeerC),
            "shared storage" => Cluster("majority", ControlFixture.App with { SharedStorage = ["volume n (nfs)"] }, User, PeerB, PeerC),
            "peers are cut off from one another" => Cluster(User, PeerB with { Connections = [new("a", Up: true), new("c", Up: false)] }, PeerC with { Connections = [new("a", Up: true), new("b", Up: false)] }),
            "both other satellites are away" => Cluster(User, PeerB, PeerC).Apply(Satellites("b", "c"), Now),
            "in use elsewhere" => Cluster(User with { Usage = Usage.Unused }, PeerB with { Usage = Usage.InUse }, PeerC),
            _ => throw new ArgumentOutOfRangeException(nameof(state)),
        });
        var pod = Assert.Single(forecast.Pods);
        Assert.Equal((null, reason), (pod.MovedAfter, pod.Reason));
        Assert.StartsWith("Leaving pod shop/app-0 on node a alone: ", pod.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_that_the_selector_does_not_match_stays_and_so_does_its_attachment()
    {
        var forecast = Forecast(Cluster("majority", ControlFixture.App with { OptedIn = false }, User, PeerB, PeerC));
        Assert.Equal("Leaving pod shop/app-0 alone: its labels do not match the selector.", Assert.Single(forecast.Pods).Sentence);
    }

    [Fact]
    public void Only_nodes_with_such_pods_are_forecast()
    {
        var cluster = Cluster(User, PeerB, PeerC);
        Assert.Equal(["a"], NodeForecaster.Nodes(cluster).Select(node => node.Value));
        Assert.Empty(new NodeForecaster(new()).Of(cluster, new("b"), Now).Pods);
    }

    [Fact]
    public void A_connection_whose_host_nobody_knows_leads_to_the_only_node_that_is_left() =>
        Assert.Equal(TimeSpan.FromSeconds(45), Assert.Single(Forecast(
            Cluster(User, PeerB with { Connections = [new("strange", Up: true), new("c", Up: true)] }, PeerC with { Connections = [new("strange", Up: true), new("b", Up: true)] })
                .Apply(Satellites(named: false), Now)).Pods).MovedAfter);

    [Fact]
    public void Nodes_that_are_lost_already_may_make_it_a_storm() =>
        Assert.Equal(HoldReason.Storm, Assert.Single(new NodeForecaster(new() { StormThreshold = 0.5 }).Of(
            Enumerable.Range(0, 60).Aggregate(Cluster(0.5, "majority", ControlFixture.App, User, PeerB, PeerC), (cluster, second) => cluster.Apply(Satellites(second < 30 ? [] : ["c"]), Now + TimeSpan.FromSeconds(second))),
            new("a"), Now + TimeSpan.FromSeconds(60)).Pods).Reason);

    private static NodeForecast Forecast(params Replica[] replicas) => Forecast(replicas is [] ? Cluster(User, PeerB, PeerC) : Cluster(replicas));

    private static NodeForecast Forecast(ClusterSnapshot cluster) => new NodeForecaster(new() { StormThreshold = 1 }).Of(cluster, new("a"), Now);

    private static ClusterSnapshot Cluster(params Replica[] replicas) => Cluster("majority", ControlFixture.App, replicas);

    private static ClusterSnapshot Cluster(string? policy, Pod pod, params Replica[] replicas) => Cluster(1, policy, pod, replicas);

    private static ClusterSnapshot Cluster(double stormThreshold, string? policy, Pod pod, params Replica[] replicas) => new Observation[]
    {
        Satellites(),
        new Observation.Listed<Volume>([new("pv", new("shop", "data")) { Resource = ControlFixture.Resource }]),
        new Observation.Listed<Attachment>([ControlFixture.Csi1]),
        new Observation.Listed<Pod>([pod]),
        new Observation.Listed<ClusterNode>([.. ((string[])["a", "b", "c"]).Select(name => new ClusterNode(new(name), new(name)))]),
        new Observation.Listed<CsiNode>([]),
        new Observation.ResourceReported(new(ControlFixture.Resource, true, [.. replicas], Now)
        {
            QuorumProperties = policy is null ? null : new(policy, null),
            AllowsTwoPrimaries = false,
        }),
    }.Aggregate(ClusterSnapshot.For(new() { StormThreshold = stormThreshold }), (cluster, seen) => cluster.Apply(seen, Now));

    private static Observation Satellites(params string[] offline) => Satellites(named: true, offline);

    private static Observation Satellites(bool named, params string[] offline) => new Observation.SatellitesListed(
        [.. ((string[])["a", "b", "c"]).Select(name => new Satellite(new(name), offline.Contains(name) ? SatelliteState.Offline : SatelliteState.Online, named ? $"host-{name}" : null))], Now);
}
