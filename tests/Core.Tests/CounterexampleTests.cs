namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Sequences in which an earlier version of the rules moved a pod wrongly, counted a storm wrongly, or queried too often: each is something that LINSTOR, DRBD and Kubernetes can produce.</summary>
public sealed class CounterexampleTests
{
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
        scenario.Remove("d").Remove("e").Observe(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { AskedAt = asked }));
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
            scenario.Observe(new Observation.PromotionChanged(new("pvc-2"), new(node), Promotability.MayNotPromote));
        }

        scenario.CutOff("a").Ignores = decision => decision is Decision.QueryResource;
        for (var second = 0; second < 70; second++)
        {
            scenario.After(1).Observe(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1))).Observe(new Observation.ResourceReported(scenario.ReportOf(new("pvc-2")) with { AllowsTwoPrimaries = null }));
        }

        Assert.DoesNotContain("delete app-0 on a", scenario.Moves);
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
        scenario.Observe(new Observation.ResourceReported(scenario.ReportOf(Scenario.Pvc1) with { AskedAt = scenario.Now + TimeSpan.FromTicks(1), PropertiesAskedAt = scenario.Now - TimeSpan.FromSeconds(0.5) }));
        Assert.DoesNotContain(new FailoverPolicy(new()).Decide(scenario.Cluster, scenario.Now).Decisions, decision => decision is Decision.QueryResource);
    }

    [Fact]
    public void Resources_whose_requests_fail_do_not_keep_another_from_being_queried()
    {
        var asked = new HashSet<string>();
        var (scenario, names) = WithOutdatedResources(9);
        scenario.Ignores = decision => decision is Decision.QueryResource { Resource.Value: var name } && asked.Add(name) | name != names[^1];
        scenario.After(60);
        Assert.Contains(names[^1], asked);
    }

    [Fact]
    public void Many_resources_whose_requests_fail_are_not_all_queried_at_once()
    {
        var (scenario, _) = WithOutdatedResources(40);
        scenario.Ignores = decision => decision is Decision.QueryResource;
        scenario.After(60);
        for (var second = 0; second < 60; second++)
        {
            scenario.After(1);
            Assert.InRange(new FailoverPolicy(new()).Decide(scenario.Cluster, scenario.Now + TimeSpan.FromMinutes(1)).Decisions.Count(decision => decision is Decision.QueryResource), 0, 16);
        }
    }

    // Used resources that are well, and of each of which the stream has reported something that no answer contains yet.
    private static (Scenario Scenario, string[] Names) WithOutdatedResources(int count)
    {
        var scenario = Scenario.WithAppOn("a");
        string[] names = [.. Enumerable.Range(10, count).Select(number => $"pvc-{number}")];
        foreach (var name in names)
        {
            scenario.Resource(name, "a").Volume($"pv-{name}", $"claim-{name}", name).Attachment($"va-{name}", $"pv-{name}", "a").Report(name);
        }

        scenario.After(10);
        foreach (var name in names)
        {
            scenario.Observe(new Observation.PromotionChanged(new(name), new("c"), Promotability.Unknown));
        }

        return (scenario, names);
    }

    private static Replica Peer(string node, string other) => new(new(node))
    {
        Promotability = Promotability.MayPromote,
        Usage = Usage.Unused,
        Score = 10102,
        Connections = [new("a", Up: false), new("d", Up: false), new("e", Up: false), new(other, Up: true)],
    };
}
