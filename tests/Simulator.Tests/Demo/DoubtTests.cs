using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Demo;
using static Piraeus.HighAvailability.Simulator.Tests.Demo.DemoViews;

namespace Piraeus.HighAvailability.Simulator.Tests.Demo;

/// <summary>What the page may say of pods in doubt, and whose answer that is.</summary>
public sealed class DoubtTests
{
    private static readonly WorkloadView Down = new("db-0", "", "node-a", Works: false, "", []);

    [Fact]
    public void If_every_controller_is_frozen_the_newest_answer_is_shown_as_old_with_its_time_and_the_pods_that_are_down()
    {
        var doubt = Doubt.Of([Controller("controller-1", leads: true, 10, isStale: true), Controller("controller-2", leads: true, 27.5, isStale: true)], [Down, Down with { Pod = "web-0", Works = true }]);
        Assert.Equal(("controller-2", 27.5, true), (doubt.Controller, doubt.AnsweredAt, doubt.IsStale));
        Assert.Equal(["db-0"], doubt.Down);
    }

    [Fact]
    public void A_standby_that_answers_is_worth_more_than_a_leader_that_is_frozen()
    {
        var doubt = Doubt.Of([Controller("controller-1", leads: true, 10, isStale: true), Controller("controller-2", leads: false, 27.5, isStale: false)], []);
        Assert.Equal(("controller-2", false, false), (doubt.Controller, doubt.Leads, doubt.IsStale));
    }

    [Fact]
    public void Before_the_first_answer_nothing_is_known()
    {
        var doubt = Doubt.Of([new("controller-1", 1, "running", Leads: false, "", Status: null, AnsweredAt: null, IsStale: false)], []);
        Assert.Equal((null, null, true), (doubt.Controller, doubt.AnsweredAt, doubt.IsStale));
    }

    [Fact]
    public void The_grace_period_of_a_pod_that_may_be_moved_ends_with_an_action()
    {
        var pod = Assert.Single(Of(Consumer("db-0", "pvc-db", 2.7, Remark("GraceNotOver", "db-0", "it waits."))));
        Assert.Equal(("shop/db-0", "node-a", 5, 2.7), (pod.Subject, pod.Node, pod.GraceSeconds, pod.GraceLeftSeconds));
        Assert.Equal("Its storage seems lost. The leader acts in 2.7 s, unless the storage comes back.", pod.Outlook);
        Assert.Empty(pod.Reasons);
    }

    [Fact]
    public void A_pod_that_has_opted_out_is_not_said_to_be_moved_in_some_seconds()
    {
        var pod = Assert.Single(Of(Consumer("db-0", "pvc-db", 2.7, Remark("OptedOut", "db-0", "it is annotated."))));
        Assert.Equal((null, null), (pod.GraceSeconds, pod.GraceLeftSeconds));
        Assert.Equal("Its storage seems lost, but it will not be moved:", pod.Outlook);
        Assert.Equal(["it is annotated."], pod.Reasons);
    }

    [Fact]
    public void A_pod_with_several_volumes_has_one_card()
    {
        var pod = Assert.Single(Of(
            Consumer("db-0", "pvc-db", 2.7, Remark("GraceNotOver", "db-0", "it waits.")), Consumer("db-0", "pvc-log", 1.2), Consumer("db-0", "pvc-tmp", null, Remark("NothingMayPromote", "db-0", "nothing may."))));
        Assert.Equal(["pvc-db", "pvc-log", "pvc-tmp"], pod.Resources);
        Assert.Equal(1.2, pod.GraceLeftSeconds);
        Assert.Equal(["nothing may."], pod.Reasons);
    }

    [Fact]
    public void Pods_that_share_a_volume_have_a_card_each_with_what_concerns_them()
    {
        WireUser shared = Consumer("db-0", "pvc-db", 2.7, Remark("OptedOut", "db-0", "it is annotated."));
        var pods = Of(shared with { Pods = [.. shared.Pods, shared.Pods[0] with { Name = "db-00" }] });
        Assert.Equal([("shop/db-0", 1), ("shop/db-00", 0)], pods.Select(pod => (pod.Subject, pod.Reasons.Count)));
        Assert.Equal([null, 2.7], pods.Select(pod => pod.GraceLeftSeconds));
    }

    // The pod writes to pvc-shared elsewhere too. While pvc-shared's own grace period runs, it is not certain that the pod stays.
    [Theory]
    [InlineData(null, "Its storage seems lost, but it will not be moved:")]
    [InlineData(3.0, "Its storage seems lost. The leader acts in 1.2 s, unless the storage comes back.")]
    public void A_pod_that_writes_to_shared_storage_stays_unless_that_is_being_lost_too(double? graceLeft, string outlook)
    {
        var pod = Assert.Single(Of(Consumer("db-0", "pvc-db", 1.2, Remark("WritesToSharedStorage", "db-0", "it writes to pvc-shared.")), Consumer("db-0", "pvc-shared", graceLeft)));
        Assert.Equal(outlook, pod.Outlook);
    }

    [Fact]
    public void A_killed_leader_stays_away_until_another_replica_has_taken_over() =>
        Assert.True(ControllerReplicas.Restart > LeaseTimings.Duration + LeaseTimings.RetryPeriod);

    private static IReadOnlyList<PodDoubtView> Of(params WireUser[] inDoubt) =>
        Doubt.Of([Controller("controller-1", leads: true, 10, isStale: false, inDoubt)], []).Pods;

    private static ControllerView Controller(string name, bool leads, double answeredAt, bool isStale, params WireUser[] inDoubt) =>
        new(name, 1, isStale ? "frozen" : "running", leads, "", Status(answeredAt, leads, inDoubt), answeredAt, isStale);
}
