namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What may be moved, and what must never be touched.</summary>
public sealed class MoveTests
{
    [Fact]
    public void Every_opted_in_pod_of_the_claim_is_moved_and_not_one_per_claim() =>
        Assert.Equal(["delete app-0 on a", "delete app-1 on a", "detach va-1"], Scenario.WithAppOn("a").Pod("app-1", "a").PowerOff("a").After(46).Moves);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_finished_pod_is_left_alone(bool alone)
    {
        var scenario = Scenario.WithAppOn("a").Pod("done", "a", pod => pod with { Finished = true });
        scenario = alone ? scenario.PodGone("app-0", "a") : scenario;
        Assert.DoesNotContain("delete done on a", scenario.PowerOff("a").After(46).Moves);
    }

    [Fact]
    public void A_pod_of_the_same_name_elsewhere_is_another_pod()
    {
        // The replacement runs on b already; the old attachment is all that is left on a.
        var scenario = Scenario.WithAppOn("a").PodGone("app-0", "a").Pod("app-0", "b").PowerOff("a").After(46);
        Assert.Equal(["detach va-1"], scenario.Moves);
    }

    [Fact]
    public void An_annotated_pod_is_left_alone_with_its_attachment_and_the_reason_is_reported()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", pod => pod with { OptedOut = true }).PowerOff("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.OptedOut], scenario.Holds);
        Assert.Contains("drbd.linbit.com/ignore-fail-over", scenario.Sentences.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_that_writes_to_shared_storage_of_another_kind_is_exempt()
    {
        var scenario = Scenario.WithAppOn("a").Pod("app-0", "a", pod => pod with { SharedStorage = ["volume media (nfs)"] }).PowerOff("a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.WritesToSharedStorage], scenario.Holds);
        Assert.Contains("volume media (nfs)", scenario.Sentences.Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, false, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    public void A_claim_of_another_driver_exempts_unless_it_is_read_only_or_dies_with_the_pod(bool readOnly, bool ephemeral, bool exempt)
    {
        var scenario = Scenario.WithAppOn("a").Volume("pv-nfs", "media", resource: null, sharedStorage: "driver nfs.csi.k8s.io")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("media", readOnly, ephemeral)] }).PowerOff("a").After(600);
        Assert.Equal(exempt, !scenario.Moves.Any());
    }

    [Fact]
    public void A_claim_whose_volume_is_not_known_exempts() =>
        Assert.Empty(Scenario.WithAppOn("a").Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("elsewhere")] }).PowerOff("a").After(600).Moves);

    [Fact]
    public void A_claim_on_node_local_storage_does_not_exempt() =>
        Assert.NotEmpty(Scenario.WithAppOn("a").Volume("pv-local", "scratch", resource: null)
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("scratch")] }).PowerOff("a").After(46).Moves);

    [Theory]
    [InlineData("majority", true)]
    [InlineData("off", false)]
    public void Every_linstor_resource_that_a_pod_writes_to_must_be_fenced(string quorum, bool moved)
    {
        var scenario = Scenario.WithAppOn("a").Resource("pvc-2", "a", quorum).Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] }).PowerOff("a").Silence("a", "pvc-2").After(46);
        Assert.Equal(moved, scenario.Moves.Contains("delete app-0 on a"));
    }

    [Fact]
    public void A_pod_moves_when_any_of_its_volumes_is_lost_and_is_deleted_once()
    {
        var scenario = Scenario.WithAppOn("a").Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] });
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.CutOff("a").After(46).Moves);

        var both = Scenario.WithAppOn("a").Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Attachment("va-2", "pv-2", "a")
            .Pod("app-0", "a", pod => pod with { Claims = [new("data"), new("logs")] });
        Assert.Equal(["delete app-0 on a", "detach va-1", "detach va-2"], both.PowerOff("a").PowerOff("a", "pvc-2").After(46).Moves);
    }

    [Fact]
    public void A_pod_that_loses_its_label_leaves_the_watch_but_not_its_node()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(44.5).Unlabel("app-0", "a").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.AttachmentInUse], scenario.Holds);
    }

    [Fact]
    public void A_pod_whose_forced_deletion_was_accepted_is_gone_before_the_watch_reports_it()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a");
        scenario.WatchIsPrompt = false;
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.After(46).Moves);
    }

    [Fact]
    public void Of_two_nodes_that_share_a_volume_only_the_lost_one_is_cleared() =>
        Assert.Equal(["delete app-0 on a", "detach va-1"], Scenario.WithAppOn("a").Attachment("va-b", "pv-1", "b").Pod("app-1", "b").PowerOff("a").After(600).Moves);

    [Fact]
    public void All_volumes_of_one_definition_fail_over_together() =>
        Assert.Equal(["delete app-0 on a", "delete app-1 on a", "detach va-1", "detach va-2"], Scenario.WithAppOn("a").Volume("pv-2", "logs", "pvc-1").Attachment("va-2", "pv-2", "a")
            .Pod("app-1", "a", pod => pod with { Claims = [new("logs")] }).PowerOff("a").After(46).Moves.Order());

    [Fact]
    public void A_volume_that_is_not_linstors_is_never_touched() =>
        Assert.Empty(Scenario.WithAppOn("a").Volume("pv-1", "data", resource: null).PowerOff("a").After(600).Moves);

    [Fact]
    public void The_highest_priority_is_queried_moved_and_detached_first()
    {
        var scenario = Scenario.Empty();
        foreach (var (number, priority) in ((int, int)[])[(1, 0), (2, 1000), (3, -5)])
        {
            scenario.Resource($"pvc-{number}", "a").Volume($"pv-{number}", $"claim-{number}", $"pvc-{number}").Attachment($"va-{number}", $"pv-{number}", "a")
                .Pod($"app-{number}", "a", pod => pod with { Claims = [new($"claim-{number}")], Priority = priority });
        }

        foreach (var resource in (string[])["pvc-3", "pvc-1", "pvc-2"])
        {
            scenario.PowerOff("a", resource);
        }

        Assert.Equal(["pvc-2", "pvc-1", "pvc-3"], new FailoverPolicy(new()).Decide(scenario.Cluster, scenario.Now + TimeSpan.FromSeconds(50)).Decisions.OfType<Decision.QueryResource>().Select(consult => consult.Resource.Value));
        scenario.After(46);
        Assert.Equal(["delete app-2 on a", "delete app-1 on a", "delete app-3 on a"], scenario.Moves.Where(move => move.StartsWith("delete", StringComparison.Ordinal)));
        Assert.Equal(["detach va-2", "detach va-1", "detach va-3"], scenario.Moves.Where(move => move.StartsWith("detach", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_failed_step_is_retried_with_back_off_until_the_fact_is_seen()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a");
        scenario.Answers = _ => MutationOutcome.Refused;
        var tries = scenario.After(45 + 60).Moves.Count();
        Assert.InRange(tries, 6, 12);

        scenario.Answers = _ => MutationOutcome.Accepted;
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.After(16).Moves.Skip(tries));
    }

    [Fact]
    public void A_retry_waits_at_least_as_long_as_the_server_asks()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(44);
        var pod = scenario.Cluster.Pods.All.Single().Item;
        var decision = new Decision.DeletePod(pod, new(Scenario.Pvc1, new("a"), new("b"), Instant.Start, Instant.Start));
        scenario.Observe(new Observation.MutationAnswered(decision, new(MutationOutcome.Refused, RetryAfter: TimeSpan.FromSeconds(30)), scenario.Now));
        Assert.Empty(scenario.After(29).Moves);
        Assert.NotEmpty(scenario.After(2).Moves);
    }

    [Fact]
    public void What_was_not_sent_is_no_failure_and_is_decided_anew_at_once()
    {
        var (scenario, times) = (Scenario.WithAppOn("a").Node("a", "csi^pv-1").PowerOff("a"), 0);
        scenario.Answers = _ => times++ < 50 ? MutationOutcome.NotSent : MutationOutcome.Accepted;
        scenario.After(45.01);
        Assert.Equal(50, scenario.Moves.Count(move => move == "taint a") - 1);
        Assert.Equal(["taint a", "release csi^pv-1 from a", "delete app-0 on a", "detach va-1"], scenario.Moves.Skip(50));
    }

    [Theory]
    [InlineData(Source.Pods)]
    [InlineData(Source.Volumes)]
    [InlineData(Source.Attachments)]
    public void Nothing_is_done_while_a_source_is_lost(Source source)
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(44).Observe(new Observation.SourceLost(source)).After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([HoldReason.KubernetesSilent], scenario.Holds);
    }

    [Fact]
    public void What_a_relist_does_not_name_is_gone()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(40).Observe(new Observation.Listed<Pod>([])).Observe(new Observation.Listed<Attachment>([]));
        Assert.Empty(scenario.After(600).Moves);
    }

    [Fact]
    public void A_pod_that_has_not_opted_in_is_never_touched_regardless_of_the_source_that_reports_it()
    {
        var scenario = Scenario.WithAppOn("a").Observe(new Observation.Updated<Pod>(
            new(new("default", "other"), new("uid-other-a"), new NodeName("a")) { Claims = [new("data")], OptedIn = false }));
        Assert.DoesNotContain("delete other on a", scenario.PowerOff("a").After(600).Moves);
    }
}
