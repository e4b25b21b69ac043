namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Sequences in which an earlier version of the rules did not move a pod, or moved it too late: each is something that LINSTOR, DRBD and Kubernetes can produce.</summary>
public sealed class LivenessCounterexampleTests
{
    [Fact]
    public void A_node_that_was_declared_lost_while_an_answer_was_under_way_has_lost_its_storage()
    {
        // As above, of the node itself: it counts as "removed while its node was in LINSTOR", and does so for ever.
        var scenario = Scenario.WithAppOn("a").After(60).PowerOff("a");
        var asked = scenario.Now;
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.After(1).Satellites(Off("a"), On("b"), On("c")).After(1).Remove("a").Observe(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { AskedAt = asked }));
        scenario.Ignores = _ => false;
        Assert.Equal(Moved, scenario.Satellites(On("b"), On("c")).After(120).Moves);
    }

    [Fact]
    public void That_a_node_is_declared_lost_does_not_start_its_grace_period_anew()
    {
        // 40 s into the grace period the administrator confirms what happened: linstor node lost a. The answer is faster than the list of satellites.
        var scenario = Scenario.WithAppOn("a").After(60).PowerOff("a").After(40).Remove("a").Report("pvc-1").Satellites(On("b"), On("c"));
        Assert.Equal(Moved, scenario.After(10).Moves);
    }

    [Fact]
    public void An_answer_that_was_asked_for_before_the_list_that_calls_its_speaker_away_is_no_return_from_silence()
    {
        // A loses power. LINSTOR answers slowly: what it knew of A before it noticed arrives after the list that calls A offline (and after the stream reported it, later than the list).
        var scenario = Scenario.WithAppOn("a").After(60).OnlyPeersLose("a").Report("pvc-1");
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.After(1);
        var late = scenario.ReportOf(Scenario.Pvc1);
        scenario.After(1.5).Silence("a").Observe(new Observation.ResourceReported(late));
        scenario.Ignores = _ => false;
        Assert.Equal(Moved, scenario.After(70).Moves);
    }

    [Fact]
    public void A_silence_of_the_promotable_peer_pauses_the_grace_period_also_where_a_tie_breaker_goes_on_speaking()
    {
        // Two disks and a tie-breaker; A loses power, and 30 s later the satellite of B is rolled out, which takes 5 s.
        var scenario = TwoDisks().After(60).PowerOff("a").After(30).Silence("b").After(5).Speak("b");
        Assert.Equal(Moved, scenario.After(25).Moves);
    }

    [Fact]
    public void A_member_that_was_declared_lost_long_ago_does_not_keep_a_hung_node_from_being_outvoted()
    {
        // D died for good and was declared lost; A has reported since that it has no connection to it. Later A hangs and repeats stale state.
        var scenario = Scenario.Empty(NoStorm).Satellites(On("a"), On("b"), On("c"), On("d")).Resource("pvc-1", "a", "majority", "a", "b", "c", "d")
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60);
        scenario.Silence("d").Remove("d");
        foreach (var node in (string[])["a", "b", "c"])
        {
            scenario.Replica(node, replica => replica with { Connections = replica.Connections.RemoveAll(connection => connection.Peer == "d") });
        }

        scenario.Report("pvc-1").Satellites(On("a"), On("b"), On("c")).Report("pvc-1").After(3600).OnlyPeersLose("a");
        Assert.Equal(Moved, scenario.After(70).Moves);
    }

    [Fact]
    public void A_hung_node_is_outvoted_also_if_linstor_is_restarted_meanwhile()
    {
        // A repeats stale state, before LINSTOR's restart and after. All three return from silence, but only A's statements are dated anew.
        var scenario = Scenario.WithAppOn("a").After(60).OnlyPeersLose("a").After(5).LinstorGoesAway().After(20);
        scenario.Stream("a", Promotability.Unknown).Stream("b", Promotability.Unknown).Stream("c", Promotability.Unknown);
        scenario.LinstorComesBack().Stream("a", Promotability.MayNotPromote).Stream("b", Promotability.MayPromote).Stream("c", Promotability.MayPromote);
        Assert.Equal(Moved, scenario.After(120).Moves);
    }

    [Fact]
    public void The_first_answer_about_a_speaker_that_has_spoken_all_along_is_no_new_statement()
    {
        // C's satellite is long dead. This controller started a minute ago, and knows the resource from the stream alone. A loses power; DRBD notices before
        // LINSTOR does, so the first answer still has A's statements, and dates them as new as B's.
        var scenario = Scenario.Empty(NoStorm).Satellites(On("a"), On("b"), Off("c")).Facts("pvc-1", "majority", [.. Healthy("a", "b", "c").Where(replica => replica.Node.Value != "c"), new(new("c"))]);
        scenario.Stream("a", Promotability.MayNotPromote).Stream("b", Promotability.MayNotPromote)
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false).After(60);
        scenario.Link("b", "a", up: false).MayPromote("b").After(3).Silence("a");
        Assert.Equal(Moved, scenario.After(120).Moves);
    }

    [Fact]
    public void A_return_from_silence_is_dated_when_the_stream_reported_it_and_not_at_the_next_query()
    {
        // C's satellite is long dead. A's satellite is restarted, and the resource is not queried afterwards: it is in use and well. Minutes later A loses power.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Silence("c").After(60);
        scenario.Replica("a", replica => replica with { Promotability = Promotability.Unknown, Usage = Usage.Unknown, Score = null, Connections = [] }).After(2)
            .Replica("a", _ => Healthy("a", "b", "c")[0]).After(300);
        scenario.Link("b", "a", up: false).MayPromote("b").After(3).Silence("a");
        Assert.Equal(Moved, scenario.After(120).Moves);
    }

    [Fact]
    public void A_use_that_the_stream_suggests_is_queried()
    {
        // Three disks x, y, z. The diskless consumer D dies and its pod is moved to A, which promotes: the stream reports that no replica may promote any more. Then A dies too,
        // before the next resync (up to ten minutes): D's use was never seen to end.
        var scenario = Scenario.Empty(NoStorm).Satellites(On("a"), On("d"), On("x"), On("y"), On("z"));
        scenario.Facts("pvc-1", "majority", Healthy("d", "a", "x", "y", "z").Select(replica => replica with { Diskless = replica.Node.Value is "a" or "d", Score = replica.Node.Value is "a" or "d" ? 3 : 10103 }));
        foreach (var node in (string[])["a", "d", "x", "y", "z"])
        {
            scenario.Stream(node, Promotability.MayNotPromote);
        }

        scenario.Report("pvc-1").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "d").Pod("app-0", "d").After(60);
        Lose("d", "a", "x", "y", "z");
        Assert.Equal(["delete app-0 on d", "detach va-1"], scenario.After(60).Moves);

        scenario.Replica("a", replica => replica with { Usage = Usage.InUse });
        foreach (var node in (string[])["a", "x", "y", "z"])
        {
            scenario.MayNotPromote(node);
        }

        scenario.Attachment("va-2", "pv-1", "a").Pod("app-0", "a").After(120);
        Lose("a", "x", "y", "z");
        Assert.Contains("delete app-0 on a", scenario.After(120).Moves);

        void Lose(string lost, params string[] rest)
        {
            scenario.Silence(lost);
            foreach (var node in rest)
            {
                scenario.Link(node, lost, up: false);
            }

            foreach (var node in rest)
            {
                scenario.MayPromote(node);
            }
        }
    }

    [Fact]
    public void A_stale_statement_of_the_nodes_own_replica_is_queried()
    {
        // LINSTOR's replay, which any subscriber causes, repeats "A may promote" after A was promoted (a documented race). Then A's links are cut.
        var scenario = Scenario.WithAppOn("a").Stream("a", Promotability.MayPromote).After(30).CutOff("a");
        Assert.Equal(Moved, scenario.After(70).Moves);
    }

    [Fact]
    public void Stale_statements_of_the_others_are_queried()
    {
        // A's links are cut, and the replay that another subscriber caused at that moment repeats "may not promote" of B and C after their change.
        var scenario = Scenario.WithAppOn("a").After(60).CutOff("a").Stream("b", Promotability.MayNotPromote).Stream("c", Promotability.MayNotPromote);
        Assert.Equal(Moved, scenario.After(70).Moves);
    }

    [Fact]
    public void A_policy_that_was_turned_on_is_seen_to_reach_the_node()
    {
        // LINSTOR turns quorum off for a moment while a replica is exchanged. Nothing asks about the resource until the next resync; then A loses power.
        var scenario = Scenario.WithAppOn("a").After(60).Quorum(null).Report("pvc-1").After(10).Quorum("majority").Report("pvc-1").After(300).PowerOff("a");
        Assert.Equal(Moved, scenario.After(60).Moves);
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(9.9, true)]
    [InlineData(10.1, false)] // such a list has waited in a process that was suspended
    public void However_slowly_kubernetes_lists_the_pods_of_a_node_within_its_deadline_they_are_moved(double takes, bool areMoved)
    {
        // The API server is overloaded after an outage and needs seconds for the pods of a node; the deadline is 10 s.
        var scenario = Scenario.WithAppOn("a").After(60).PowerOff("a").After(40);
        var (cluster, now, policy) = (scenario.Cluster, scenario.Now, new FailoverPolicy(new()));
        (Instant At, Observation Seen)? answer = null;
        for (var turn = 0; turn < 1200; turn++)
        {
            now += TimeSpan.FromSeconds(0.1);
            if (answer is { } due && due.At <= now)
            {
                cluster = cluster.Apply(due.Seen, now);
                answer = null;
            }

            foreach (var decision in policy.Decide(cluster, now).Decisions)
            {
                switch (decision)
                {
                    case Decision.ListPodsOnNode o:
                        answer ??= (now + TimeSpan.FromSeconds(takes), new Observation.PodsOnNodeListed(o.Node, [.. cluster.Pods.All.Select(held => held.Item)], [], now) { Ready = false });
                        break;
                    case Decision.QueryResource:
                        cluster = cluster.Apply(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { AskedAt = now }), now + TimeSpan.FromMilliseconds(1));
                        break;
                    case Decision.QuerySatellites:
                        cluster = cluster.Apply(new Observation.SatellitesListed([Off("a"), On("b"), On("c")], now), now + TimeSpan.FromMilliseconds(1));
                        break;
                    case Decision.DeletePod:
                        Assert.True(areMoved);
                        return;
                }
            }
        }

        Assert.False(areMoved);
    }

    private static Scenario TwoDisks() => Scenario.WithAppOn("a", NoStorm, replica => replica.Node.Value == "c" ? replica with { Diskless = true, Score = 2 } : replica with { Score = 10102 }).Node("a", ready: false);
}
