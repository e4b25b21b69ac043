using Piraeus.HighAvailability.Demo;
using static Piraeus.HighAvailability.Simulator.Tests.Demo.DemoViews;

namespace Piraeus.HighAvailability.Simulator.Tests.Demo;

/// <summary>For how long a pod was down, and with what that is compared.</summary>
public sealed class WorkloadViewsTests
{
    private readonly OutageHistory _history = new();
    private WorldView _world = Cluster(0);

    [Fact]
    public void A_pod_that_has_not_worked_yet_has_no_outage()
    {
        Record(Cluster(1, Pod("u1", "node-a", works: false)));
        Record(Cluster(9, Pod("u1", "node-a", works: true)));
        Assert.Equal("never down", SummaryOf());
    }

    [Fact]
    public void Only_the_outage_in_which_a_controller_moved_the_pod_is_compared_with_Kubernetes_alone()
    {
        Down(10, 11.5, "u1", "u1"); // an interruption
        Down(20, 28.4, "u1", "u2"); // moved
        Down(40, 40.5, "u2", "u2");
        Assert.Equal("down 8.4 s while it was moved; without the controller at least 11 min 40 s. 2 interruptions without a move, 2.0 s in all", SummaryOf("u1"));
        Assert.Equal([20], View("u1").Moves);
    }

    [Fact]
    public void A_pod_that_somebody_else_deleted_is_not_counted_as_moved()
    {
        Down(20, 28.4, "u1", "u2");
        Assert.Equal("one interruption without a move, 8.4 s", SummaryOf());
        Assert.Empty(View().Moves);
    }

    [Fact]
    public void The_last_of_several_moves_is_compared()
    {
        Down(10, 18, "u1", "u2");
        Down(30, 39, "u2", "u3");
        Assert.Equal("down 9.0 s while it was last moved, of 2 times; without the controller at least 11 min 40 s", SummaryOf("u1", "u2"));
    }

    [Fact]
    public void An_outage_that_lasts_is_counted_up_to_now()
    {
        Record(Cluster(10, Pod("u1", "node-a", works: true)));
        Record(Cluster(12, Pod("u1", "node-a", works: false)));
        Record(Cluster(20, Pod("u1", "node-a", works: false)));
        Assert.Equal("down for 8.0 s, not moved", SummaryOf());
        Assert.Equal("down 8.0 s so far, being moved; without the controller at least 11 min 40 s", SummaryOf("u1"));
        Assert.Equal(("node-a", false), (View().Node, View().Works));
    }

    private void Down(double from, double to, string uid, string replacement)
    {
        Record(Cluster(from - 1, Pod(uid, "node-a", works: true)));
        Record(Cluster(from, Pod(uid, "node-a", works: false)));
        Record(Cluster(to, Pod(replacement, "node-b", works: true)));
    }

    private void Record(WorldView world) => _history.Record(_world = world);

    private WorkloadView View(params string[] deleted) => WorkloadViews.Of(Db, _world, _history, deleted.Contains);

    private string SummaryOf(params string[] deleted) => View(deleted).Summary;
}
