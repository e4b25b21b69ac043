namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Sequences in which an earlier version of the rules failed: each is something that LINSTOR, DRBD and Kubernetes can produce.</summary>
public sealed class CounterexampleTests
{
    private static readonly string[] Moved = ["delete app-0 on a", "detach va-1"];

    private static FailoverSettings NoStorm => new() { StormThreshold = 1 };

    // Safety.

    [Fact]
    public void A_member_that_was_declared_lost_while_an_answer_was_under_way_may_live_on_with_the_node()
    {
        // A, D and E are cut off from B and C, three of five. LINSTOR needs two seconds for an answer; in between it lists its satellites,
        // and then an administrator declares D and E lost. The answer, asked for before that list, no longer has them: they look as if they were regularly removed.
        var scenario = Scenario.InTwoParts().PowerOff("a").Silence("d").Silence("e");
        var asked = scenario.Now;
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.After(1).Satellites(Off("a"), On("b"), On("c"), Off("d"), Off("e")).After(1);
        scenario.Remove("d").Remove("e").Tell(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { AskedAt = asked }));
        scenario.Ignores = _ => false;
        scenario.Satellites(Off("a"), On("b"), On("c")).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);
    }

    [Fact]
    public void A_member_that_is_being_deleted_while_LINSTOR_cannot_reach_it_may_live_on_with_the_node()
    {
        // A, D and E are cut off, three of five. An administrator deletes the replicas on D and E, whose satellites are away: B and C drop them and count two of three,
        // A, D and E are not informed. Then this controller is restarted: LINSTOR still lists both, with the flag DELETE.
        var scenario = Scenario.Empty(NoStorm).Satellites(Off("a"), On("b"), On("c"), Off("d"), Off("e")).Facts("pvc-1", "majority", [
            new(new("a")), Peer("b", "c"), Peer("c", "b"), new(new("d")) { Leaving = true }, new(new("e")) { Leaving = true }]);
        scenario.Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false).Stream("b", Promotability.MayPromote).Stream("c", Promotability.MayPromote).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);
    }

    [Fact]
    public void A_disk_that_is_not_known_to_have_one_writer_is_not_taken_for_one_that_has()
    {
        // The definition sets quorum, its group sets allow-two-primaries (a StorageClass parameter), and the group cannot be read: it answers 500 or hangs.
        var scenario = Scenario.WithAppOn("a").Volume("pv-2", "data-2", "pvc-2").Facts("pvc-2", "majority", Healthy("a", "b", "c"));
        scenario.Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("data-2")] });
        foreach (var node in (string[])["a", "b", "c"])
        {
            scenario.Tell(new Observation.PromotionChanged(new("pvc-2"), new(node), Promotability.MayNotPromote));
        }

        scenario.CutOff("a").Ignores = decision => decision is Decision.QueryResource;
        for (var second = 0; second < 70; second++)
        {
            scenario.After(1).Tell(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1))).Tell(new Observation.ResourceReported(scenario.ReportOf(new("pvc-2")) with { AllowsTwoPrimaries = null }));
        }

        Assert.DoesNotContain("delete app-0 on a", scenario.Moves);
    }

    // Liveness.

    [Fact]
    public void A_node_that_was_declared_lost_while_an_answer_was_under_way_has_lost_its_storage()
    {
        // As above, of the node itself: it counts as "removed while its node was in LINSTOR", and does so for ever.
        var scenario = Scenario.WithAppOn("a").After(60).PowerOff("a");
        var asked = scenario.Now;
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.After(1).Satellites(Off("a"), On("b"), On("c")).After(1).Remove("a").Tell(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { AskedAt = asked }));
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
        scenario.After(1.5).Silence("a").Tell(new Observation.ResourceReported(late));
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

    [Fact]
    public void However_slowly_kubernetes_lists_the_pods_of_a_node_within_its_deadline_they_are_moved()
    {
        // The API server is overloaded after an outage and needs 5 s for the pods of a node; the deadline is 10 s.
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
                        answer ??= (now + TimeSpan.FromSeconds(5), new Observation.PodsOnNodeListed(o.Node, [.. cluster.Pods.All.Select(held => held.Item)], [], now) { Ready = false });
                        break;
                    case Decision.QueryResource:
                        cluster = cluster.Apply(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { AskedAt = now }), now + TimeSpan.FromMilliseconds(1));
                        break;
                    case Decision.QuerySatellites:
                        cluster = cluster.Apply(new Observation.SatellitesListed([Off("a"), On("b"), On("c")], now), now + TimeSpan.FromMilliseconds(1));
                        break;
                    case Decision.DeletePod:
                        return;
                }
            }
        }

        Assert.Fail("the pod was never deleted");
    }

    // Storms.

    [Fact]
    public void A_node_that_was_declared_lost_and_came_back_counts_anew_in_a_storm()
    {
        // A died, its pod was moved, A was declared lost, reinstalled and registered under its old name; the replica was placed elsewhere. That A "was lost" is never forgotten,
        // so its next loss is no news: two of three satellites go at once, and the pod on B is moved.
        var scenario = Scenario.WithAppOn("a").After(600).PowerOff("a").After(60).Remove("a").Report("pvc-1").Satellites(On("b"), On("c")).After(60).Satellites(On("a"), On("b"), On("c")).After(600);
        scenario.Resource("pvc-2", "b").Volume("pv-2", "more", "pvc-2").Attachment("va-2", "pv-2", "b").Pod("app-1", "b", pod => pod with { Claims = [new("more")] }).Node("b", ready: false).After(600);
        scenario.Silence("a", "pvc-2").Silence("b", "pvc-2").Link("c", "b", up: false, "pvc-2").MayPromote("c", "pvc-2").After(120);
        Assert.DoesNotContain("delete app-1 on b", scenario.Moves);
        Assert.Contains(HoldReason.Storm, scenario.Holds);
    }

    [Fact]
    public void A_node_to_which_others_are_connected_is_no_loss_only_because_its_satellite_was_away_when_this_process_began()
    {
        // C's satellite has been dead for a week; DRBD and the pods there are well, and B says that it is connected to C. This controller is restarted, and a minute later A loses power.
        var scenario = Scenario.Empty(null, On("a"), On("b"), Off("c"))
            .Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false)
            .Resource("pvc-2", "c").Silence("c", "pvc-2").Volume("pv-2", "more", "pvc-2").Attachment("va-2", "pv-2", "c").Pod("app-1", "c", pod => pod with { Claims = [new("more")] });
        scenario.Replica("c", replica => replica with { Promotability = Promotability.Unknown, Usage = Usage.Unknown, Score = null, Connections = [] }).Report("pvc-1").Report("pvc-2").After(60);
        scenario.Silence("a").Link("b", "a", up: false).MayPromote("b");
        Assert.Equal(Moved, scenario.After(600).Moves);
    }

    [Fact]
    public void Statements_repeated_after_a_silence_of_linstor_are_a_return_although_their_speaker_was_never_silent()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60).LinstorGoesAway().After(60).LinstorComesBack().Report("pvc-1").After(20);
        Assert.True(scenario.Cluster.Resources[Scenario.Pvc1].Find(new("a"))!.ChangedAt >= scenario.Cluster.Linstor.ReturnedAt);
    }

    // Loops.

    [Fact]
    public void An_answer_that_is_older_than_the_last_change_is_not_asked_for_again_at_once()
    {
        // Readings of groups and of the controller are shared for a second: for so long they are older than the last change, and the answer about the replicas is not.
        var scenario = Scenario.WithAppOn("a").After(60).PowerOff("a");
        scenario.Tell(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { AskedAt = scenario.Now + TimeSpan.FromTicks(1), PropertiesAskedAt = scenario.Now - TimeSpan.FromSeconds(0.5) }));
        Assert.DoesNotContain(new FailoverPolicy(new()).Decide(scenario.Cluster, scenario.Now).Decisions, decision => decision is Decision.QueryResource);
    }

    private static Scenario TwoDisks() => Scenario.WithAppOn("a", NoStorm, replica => replica.Node.Value == "c" ? replica with { Diskless = true, Score = 2 } : replica with { Score = 10102 }).Node("a", ready: false);

    private static Replica Peer(string node, string other) => new(new(node))
    {
        Promotability = Promotability.MayPromote,
        Usage = Usage.Unused,
        Score = 10102,
        Connections = [new("a", Up: false), new("d", Up: false), new("e", Up: false), new(other, Up: true)],
    };

    /// <summary>Replicas that are all connected, the first one in use.</summary>
    private static List<Replica> Healthy(params string[] nodes) => [.. nodes.Select(node => new Replica(new(node))
    {
        Promotability = Promotability.MayNotPromote,
        Usage = node == nodes[0] ? Usage.InUse : Usage.Unused,
        Score = 10103,
        Connections = [.. nodes.Where(peer => peer != node).Select(peer => new Connection(peer, Up: true))],
    })];
}

/// <summary>What the stream reports, regardless of the facts.</summary>
internal static class Streaming
{
    /// <summary>The stream reports the same of each of these nodes, whose names are letters.</summary>
    public static Scenario Stream(this Scenario scenario, string nodes, Promotability said) =>
        nodes.Aggregate(scenario, (told, node) => told.Tell(new Observation.PromotionChanged(Scenario.Pvc1, new($"{node}"), said)));
}
