using static Piraeus.HighAvailability.Core.Tests.OwnedPods;

namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What is reported of failovers that get no further although something happens.</summary>
public sealed class StuckTests
{
    // The replacement is refused by the kubelet of b again and again: each lives for 5 s.
    [Fact]
    public void A_replacement_that_is_refused_again_and_again_is_reported_as_stuck()
    {
        var scenario = OnNode().Pod("app-0", "a", pod => pod with { Owner = Set }).PowerOff("a").After(46);
        var reported = 0;
        for (var i = 0; i < 60; i++)
        {
            scenario.Replacement(null).After(0.1).Replacement("b").After(4);
            reported += scenario.StuckReports.Count();
            scenario.Replacement("b", pod => pod with { Finished = true }).After(0.5).ReplacementGone().After(0.5);
            reported += scenario.StuckReports.Count();
        }

        Assert.NotEqual(0, reported);
    }

    private static Scenario OnNode(FailoverSettings? settings = null) => Scenario.WithAppOn("a", settings).Node("a", "csi^pv-1");
}
