using Piraeus.HighAvailability.Demo;
using static Piraeus.HighAvailability.Simulator.Tests.Demo.DemoViews;

namespace Piraeus.HighAvailability.Simulator.Tests.Demo;

/// <summary>The lines of the log about the world.</summary>
public sealed class WorldChangesTests
{
    [Fact]
    public void An_interruption_makes_one_line_when_it_begins_and_one_when_it_ends()
    {
        var history = new OutageHistory();
        WorldView[] views = [At(1, works: true), At(2, works: false), At(3, works: false), At(4.5, works: true)];
        history.Record(views[0]);
        List<string> changes = [];
        foreach (var (before, after) in views.Zip(views.Skip(1)))
        {
            history.Record(after);
            changes.AddRange(WorldChanges.Describe(before, after, history).Select(line => $"{line.Who}: {line.Text}"));
        }

        Assert.Equal(
            [
                "the world: node-a: DRBD holds back every write to pvc-db, pvc-log; no longer working: shop/db-0, shop/web-0",
                "the world: node-a: writes go on to pvc-db, pvc-log; working: shop/db-0 (in truth down for 2.5 s), shop/web-0",
            ],
            changes);
    }

    // Only db-0 is expected, so only its outages are recorded.
    private static WorldView At(double at, bool works) => Cluster(at) with
    {
        Nodes = [Node("node-a", [Device("pvc-db", "Primary", works), Device("pvc-log", "Primary", works)], Pod("u1", "node-a", works), Pod("u2", "node-a", works, "shop/web-0"))],
    };
}
