namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Pods with several volumes, and volumes with several pods.</summary>
public sealed class SharingTests
{
    [Fact]
    public void The_other_lost_volume_of_a_moved_pod_goes_with_it_whatever_is_left_of_its_own_grace_period()
    {
        var moves = TwoVolumes().Node("a", "csi^pv-1", "csi^pv-2").PowerOff("a").After(20).PowerOff("a", "pvc-2").After(26).Moves;
        Assert.Equal(["taint a", "release csi^pv-1 csi^pv-2 from a", "delete app-0 on a", "detach va-1", "detach va-2"], moves);
    }

    [Fact]
    public void The_other_lost_volume_of_a_moved_pod_is_not_released_while_linstor_does_not_confirm_its_loss()
    {
        var scenario = TwoVolumes().Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs", ReadOnly: true)] }).Node("a", "csi^pv-1", "csi^pv-2")
            .PowerOff("a").PowerOff("a", "pvc-2").After(20);
        scenario.Ignores = decision => decision is Decision.QueryResource { Resource.Value: "pvc-2" };
        Assert.Equal(["taint a", "release csi^pv-1 from a", "delete app-0 on a", "detach va-1"], scenario.After(60).Moves);
    }

    [Fact]
    public void The_other_volume_of_a_moved_pod_is_left_to_its_node_while_it_is_not_lost()
    {
        var moves = TwoVolumes().Node("a", "csi^pv-1", "csi^pv-2").CutOff("a").After(120).Moves;
        Assert.Equal(["taint a", "release csi^pv-1 from a", "delete app-0 on a", "detach va-1"], moves);
    }

    [Fact]
    public void The_other_volume_of_a_moved_pod_is_detached_as_soon_as_it_is_lost_too()
    {
        var scenario = TwoVolumes().Node("a", "csi^pv-1", "csi^pv-2").CutOff("a").After(60).Pod("app-0", "b", pod => pod with { Claims = [new("data"), new("logs")] });
        Assert.DoesNotContain("detach va-2", scenario.Moves);
        Assert.Equal(["release csi^pv-2 from a", "detach va-2"], scenario.CutOff("a", "pvc-2").After(1).Moves.Skip(4));
    }

    [Fact]
    public void A_peer_that_may_promote_because_quorum_was_turned_off_on_its_node_is_no_proof_however_new_the_list_of_satellites_is()
    {
        var scenario = TwoVolumes().Node("a", "csi^pv-1", "csi^pv-2");
        scenario.InheritsPolicy = true;
        scenario.CutOff("a").After(60).Pod("app-0", "b", pod => pod with { Claims = [new("data"), new("logs")] });
        Assert.Contains("detach va-1", scenario.Moves);
        scenario.Observe(new Observation.SatellitesListed([.. scenario.Cluster.Linstor.Satellites!.Values], scenario.Now)).Satellite("b", satellite => satellite with { QuorumPolicy = "off" }, streamed: false);
        Assert.DoesNotContain("detach va-2", scenario.CutOff("a", "pvc-2").After(30).Moves);
    }

    [Fact]
    public void A_new_pod_on_the_node_has_a_whole_grace_period_for_what_its_predecessor_left_behind()
    {
        var scenario = TwoVolumes().CutOff("a").After(60).Pod("again", "a", pod => pod with { Claims = [new("logs")] }).CutOff("a", "pvc-2").After(44);
        Assert.DoesNotContain("delete again on a", scenario.Moves);
        Assert.Equal(["delete again on a", "detach va-2"], scenario.After(2).Moves.TakeLast(2));
    }

    [Fact]
    public void A_new_pod_has_what_is_left_of_the_grace_period_of_a_volume_that_is_lost_already()
    {
        var scenario = TwoVolumes();
        scenario.Answers = decision => decision is Decision.DeleteAttachment ? MutationOutcome.Refused : MutationOutcome.Accepted;
        scenario.PowerOff("a").After(20).PowerOff("a", "pvc-2").After(26).Pod("again", "a", pod => pod with { Claims = [new("logs")] }).After(17);
        Assert.DoesNotContain("delete again on a", scenario.Moves);
        Assert.Contains("delete again on a", scenario.After(3).Moves);
    }

    [Fact]
    public void An_attachment_that_no_moved_pod_left_behind_has_its_grace_period_beside_one_that_was_left()
    {
        var scenario = TwoVolumes().Volume("pv-3", "mail", "pvc-2").Attachment("va-3", "pv-3", "a").Pod("mail-0", null, pod => pod with { Claims = [new("mail")] })
            .CutOff("a").After(60).CutOff("a", "pvc-2").After(44);
        Assert.DoesNotContain("detach va-3", scenario.Moves);
        Assert.Contains("detach va-3", scenario.After(2).Moves);
    }

    [Fact]
    public void What_a_new_pod_took_over_on_a_node_that_has_its_storage_is_no_longer_what_a_moved_pod_left_behind()
    {
        var scenario = TwoVolumes().CutOff("a").After(60).Pod("again", "a", pod => pod with { Claims = [new("logs")] }).PodGone("again", "a");
        Assert.DoesNotContain("detach va-2", scenario.CutOff("a", "pvc-2").After(120).Moves);
        Assert.Equal([HoldReason.NotOptedIn], scenario.Holds);
    }

    [Fact]
    public void The_attachment_that_a_moved_pod_left_behind_on_a_node_without_its_storage_is_deleted_regardless_of_pods_that_came_and_went_since()
    {
        var scenario = Scenario.WithAppOn("a");
        scenario.Answers = decision => decision is Decision.DeleteAttachment ? MutationOutcome.Refused : MutationOutcome.Accepted;
        scenario.PowerOff("a").After(46).Pod("again", "a").PodGone("again", "a");
        scenario.Answers = _ => MutationOutcome.Accepted;
        Assert.Equal("detach va-1", scenario.After(16).Moves.Last());
        Assert.Empty(scenario.Cluster.Attachments.All);
    }

    [Fact]
    public void A_volume_that_another_pod_still_uses_there_is_not_detached_because_a_pod_moved()
    {
        var scenario = TwoVolumes().Pod("stays", "a", pod => pod with { Claims = [new("logs")], OptedOut = true }).PowerOff("a").PowerOff("a", "pvc-2").After(120);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Moves);
    }

    [Fact]
    public void Of_the_pods_that_share_a_volume_those_on_the_lost_node_are_moved_and_those_elsewhere_are_not()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-1", "a").Pod("app-2", "b").Attachment("va-b", "pv-1", "b").PowerOff("a").After(120);
        Assert.Equal(["delete app-0 on a", "delete app-1 on a", "detach va-1"], scenario.Moves);
    }

    [Fact]
    public void A_live_migration_whose_target_has_the_volume_in_use_already_is_left_alone()
    {
        var scenario = Scenario.WithAppOn("a").Pod("vm-target", "b").Attachment("va-b", "pv-1", "b")
            .Replica("b", replica => replica with { Usage = Usage.InUse }).PowerOff("a").After(120);
        Assert.Empty(scenario.Moves);
        Assert.Contains(HoldReason.InUseElsewhere, scenario.Holds);
    }

    [Fact]
    public void A_live_migration_whose_source_is_lost_before_the_target_took_over_loses_its_source_alone()
    {
        var scenario = Scenario.WithAppOn("a").Pod("vm-target", "b").Attachment("va-b", "pv-1", "b").PowerOff("a").After(120);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Moves);
    }

    private static Scenario TwoVolumes() => Scenario.WithAppOn("a")
        .Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
        .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] });

}
