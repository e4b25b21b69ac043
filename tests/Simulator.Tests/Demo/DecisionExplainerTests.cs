using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Demo;
using static Piraeus.HighAvailability.Simulator.Tests.Demo.DemoViews;

namespace Piraeus.HighAvailability.Simulator.Tests.Demo;

/// <summary>The cards that explain deletions and holds.</summary>
public sealed class DecisionExplainerTests
{
    private readonly OutageHistory _history = new();
    private readonly DecisionExplainer _explainer;
    private IReadOnlyList<DecisionExplanation> _cards = [];

    public DecisionExplainerTests() => _explainer = new(_history, Began);

    [Fact]
    public void What_came_of_a_deletion_stays_as_it_was_when_the_pod_moves_again()
    {
        Show(Cluster(10, Pod("u1", "node-a", works: true)));
        Show(Cluster(12, Pod("u1", "node-a", works: false)));
        Show(Cluster(20, Pod("u1", "node-a", works: false)), Deletion(1, 19, "u1"));
        Assert.Null(Assert.Single(_cards).After);

        Show(Cluster(21, Pod("u2", "node-b", works: true)));
        const string First = "A new shop/db-0 (uid u2) worked on node-b 2.0 s later. In truth it was down for 9.0 s, from 12.0 s on; the controller's log counts from the moment at which it saw the loss.";
        Assert.Equal(First, Assert.Single(_cards).After);

        Show(Cluster(30, Pod("u2", "node-b", works: false)));
        Show(Cluster(36, Pod("u2", "node-b", works: false)), Deletion(2, 35, "u2"));
        Show(Cluster(38, Pod("u3", "node-c", works: true)));
        Assert.Equal(2, _cards.Count);
        Assert.Equal(First, _cards[1].After);
        Assert.StartsWith("A new shop/db-0 (uid u3) worked on node-c 3.0 s later. In truth it was down for 8.0 s", _cards[0].After, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deletion_explains_its_grace_period_too()
    {
        Show(Cluster(10, Pod("u1", "node-a", works: true)));
        Show(Cluster(12, Pod("u1", "node-a", works: false)), Hold(1, 12, "GraceNotOver", overdue: false));
        Assert.Equal("held", Assert.Single(_cards).Kind);
        Show(Cluster(20, Pod("u1", "node-a", works: false)), Deletion(2, 19, "u1"));
        Assert.Equal("deleted", Assert.Single(_cards).Kind);
        Assert.True(_explainer.IsDeleted("u1"));
        Assert.False(_explainer.IsDeleted("u2"));
    }

    [Fact]
    public void A_pod_has_one_card_for_each_outage_however_often_the_reason_changes()
    {
        Show(Cluster(10, Pod("u1", "node-a", works: true)));
        Show(Cluster(12, Pod("u1", "node-a", works: false)), Hold(1, 12, "GraceNotOver", overdue: false));
        Show(Cluster(18, Pod("u1", "node-a", works: false)), Hold(2, 18, "OptedOut", overdue: true));
        Show(Cluster(19, Pod("u1", "node-a", works: false)), Hold(3, 19, "OptedOut", overdue: true));
        var card = Assert.Single(_cards);
        Assert.Equal(
            ["Leaving pod shop/db-0 on node node-a alone: GraceNotOver.", "18.0 s: Leaving pod shop/db-0 on node node-a alone: OptedOut."],
            card.Known.Skip(1));

        Show(Cluster(25, Pod("u1", "node-a", works: true)));
        Show(Cluster(40, Pod("u1", "node-a", works: false)), Hold(4, 40, "GraceNotOver", overdue: false));
        Assert.Equal([40, 12], _cards.Select(one => one.At));
    }

    [Fact]
    public void The_reason_that_will_decide_is_on_the_card_before_the_grace_period_is_over()
    {
        Show(Cluster(10, Pod("u1", "node-a", works: true)));
        Show(Cluster(12.5, Pod("u1", "node-a", works: false)), Hold(1, 12.5, "OptedOut", overdue: false));
        Assert.Equal("Leaving pod shop/db-0 on node node-a alone: OptedOut.", Assert.Single(_cards).Known[^1]);

        Show(Cluster(18, Pod("u1", "node-a", works: false)), Hold(2, 18, "OptedOut", overdue: true));
        Assert.Equal(2, Assert.Single(_cards).Known.Count);
    }

    private void Show(WorldView world, params WireEntry[] journal) => Explain(world, Status(world.At, journal: journal));

    private void Explain(WorldView world, WireStatus status)
    {
        _history.Record(world);
        ForcedDeletion[] deletions = [.. status.Journal.Where(entry => entry.Uid is not null).Select(entry => new ForcedDeletion(entry.Uid!, "node-a", Powered: false, Ran: false, CouldWrite: false, ["pvc-db"]))];
        _cards = _explainer.Explain([("controller-1", status)], world, deletions);
    }
}
