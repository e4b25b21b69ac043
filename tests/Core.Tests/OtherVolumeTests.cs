namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Pods that write to other volumes beside the one that they have lost.</summary>
public sealed class OtherVolumeTests
{
    [Fact]
    public void The_list_of_satellites_is_newer_than_the_loss_of_each_volume_that_a_move_rests_on()
    {
        var grace = TimeSpan.FromSeconds(5);
        var scenario = Scenario.WithAppOn("a", new() { StormThreshold = 1, KnownResourceGrace = grace, NewResourceGrace = grace })
            .Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] });
        scenario.TwoPrimaries.Add("pvc-2");
        scenario.InheritsPolicy = true;
        Assert.Empty(scenario.Report("pvc-2").CutOff("a").After(30).Moves);
        scenario.Observe(new Observation.SatellitesListed([.. scenario.Cluster.Linstor.Satellites!.Values], scenario.Now - TimeSpan.FromSeconds(2))).Satellite("b", satellite => satellite with { QuorumPolicy = "off" }, streamed: false);
        scenario.Ignores = decision => decision is Decision.QuerySatellites;
        Assert.Empty(scenario.CutOff("a", "pvc-2").After(8).Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_loss_of_another_volume_with_several_writers_does_not_rest_on_one_speaker(bool isShared)
    {
        // pvc-1 (a, b, c) is lost on A. pvc-2 (a, d, e) is not: D's satellite repeats what was so for a moment, and LINSTOR does not reach A and E. Kubernetes calls A Ready.
        var scenario = Scenario.WithAppOn("a", NoStorm).Satellites([.. "abcde".Select(node => On($"{node}"))]);
        scenario.TwoPrimaries.UnionWith(isShared ? ["pvc-2"] : []);
        scenario.Resource("pvc-2", "a", "majority", "a", "d", "e").Volume("pv-2", "logs", "pvc-2", manyWriters: isShared).Attachment("va-2", "pv-2", "a");
        scenario.Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60).Report("pvc-1").Report("pvc-2");
        scenario.Silence("a", "pvc-2").Silence("e", "pvc-2").Link("d", "a", up: false, "pvc-2").MayPromote("d", "pvc-2").PowerOff("a").Report("pvc-1").Report("pvc-2").After(300);
        Assert.Equal(isShared ? [] : Moved, scenario.Moves);
        Assert.Contains(HoldReason.OnlyOneSpeaker, scenario.AllHolds);
    }

    [Fact]
    public void What_confirms_the_loss_of_another_volume_is_as_new_as_its_own_grace_period_asks()
    {
        // pvc-2 is lost 30 s after pvc-1, and well again 8 s before its grace period is over. LINSTOR needs 4.4 s an answer, and its stream tells nothing.
        var scenario = Scenario.WithAppOn("a", NoStorm);
        scenario.TwoPrimaries.Add("pvc-2");
        scenario.Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2", manyWriters: true).Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] });
        scenario.CutOff("a").Report("pvc-1").After(30).CutOff("a", "pvc-2").Report("pvc-2").After(36.3);
        var asked = scenario.ReportOf(new("pvc-2"));
        scenario.Ignores = decision => decision is Decision.QueryResource { Resource.Value: "pvc-2" };
        Assert.Empty(scenario.After(4.4).Observe(new Observation.ResourceReported(asked)).After(4.4).Moves);
    }

    // pvc-1 is lost on a. Its other volume's resource group, which may allow two Primaries, can be read no more, or is read for the first time after a while.
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Whether_another_volume_may_have_two_Primaries_is_read_afresh_to_act(bool canBeReadUntilThen, bool isMoved)
    {
        var scenario = Scenario.WithAppOn("a");
        scenario.HidesTwoPrimaries.UnionWith(canBeReadUntilThen ? [] : ["pvc-2"]);
        scenario.Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).After(60);
        scenario.HidesTwoPrimaries.Clear();
        scenario.HidesTwoPrimaries.UnionWith(canBeReadUntilThen ? ["pvc-2"] : []);
        var asked = 0;
        scenario.Ignores = decision => (asked += decision is Decision.QueryResource { Resource.Value: "pvc-2" } ? 1 : 0) < 0;
        scenario.CutOff("a").After(120);
        Assert.InRange(asked, 1, 60);
        Assert.Equal(isMoved, scenario.Moves.Contains("delete app-0 on a"));
        Assert.Equal(!isMoved, scenario.Holds.Contains(HoldReason.AwaitingConfirmation));
    }

    [Fact]
    public void How_many_Primaries_the_lost_volume_may_have_need_not_be_known()
    {
        var scenario = Scenario.WithAppOn("a").After(60);
        scenario.HidesTwoPrimaries.Add("pvc-1");
        Assert.Contains("delete app-0 on a", scenario.CutOff("a").After(60).Moves);
    }


    [Theory]
    [InlineData("off", true, false)]
    [InlineData("off", false, false)]
    [InlineData("majority", true, true)]
    public void A_policy_that_came_while_the_node_was_away_has_not_reached_its_other_volume_yet(string before, bool areOthersSilent, bool isMoved)
    {
        // The policy of pvc-2 (a, d, e) changes while A's satellite is away, which is back for a second. Then A loses pvc-1 (a, b, c). D and E, whose satellites are away, could be opened.
        var scenario = Scenario.Empty(NoStorm, [.. "abcde".Select(node => On($"{node}"))]).Resource("pvc-1", "a", "majority", "a", "b", "c").Resource("pvc-2", "a", before, "a", "d", "e")
            .Volume("pv-1", "data", "pvc-1").Volume("pv-2", "more", "pvc-2").Attachment("va-1", "pv-1", "a").Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("more")] }).Node("a", ready: false).After(60);
        var (one, two) = (OwnOf("pvc-1"), OwnOf("pvc-2"));
        scenario.Silence("a").Silence("a", "pvc-2").Report("pvc-1").Report("pvc-2").After(5).Quorum("majority", "pvc-2").Report("pvc-2").After(60);
        scenario.Satellite("a", SatelliteState.Online).Replica("a", _ => one).Replica("a", _ => two, "pvc-2").Report("pvc-1").Report("pvc-2").After(1);
        scenario = areOthersSilent ? scenario.Silence("d", "pvc-2").Silence("e", "pvc-2").Report("pvc-2").After(1) : scenario.OnlyPeersLose("a", "pvc-2");
        scenario.OnlyPeersLose("a").Report("pvc-1").After(4).Silence("a").Silence("a", "pvc-2");
        Assert.Equal(isMoved, scenario.After(600).Moves.Contains("delete app-0 on a"));

        Replica OwnOf(string resource) => scenario.ReportOf(new(resource)).Replicas.Single(replica => replica.Node.Value == "a");
    }

    [Theory]
    [InlineData("off", false)]
    [InlineData("majority", true)]
    public void A_nodes_own_policy_that_was_taken_back_before_the_first_answer_may_still_be_in_force_there(string own, bool isMoved)
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Satellite("a", satellite => satellite with { QuorumPolicy = own }).After(5).Satellite("a", satellite => satellite with { QuorumPolicy = null });
        scenario.InheritsPolicy = true;
        scenario.Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] });
        scenario.After(5).PowerOff("a").Silence("a", "pvc-2").Node("a", ready: false).Report("pvc-2");
        Assert.Equal(isMoved, scenario.After(600).Moves.Contains("delete app-0 on a"));
    }
}
