namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>A verdict's assessment of each consumer in doubt is the one that the policy acts on.</summary>
public sealed class AssessedConsumerTests
{
    private static readonly FailoverSettings Settings = new() { KnownResourceGrace = TimeSpan.FromSeconds(20), NewResourceGrace = TimeSpan.FromSeconds(70) };

    [Fact]
    public void A_loss_is_due_when_its_grace_period_is_over_and_held_until_then()
    {
        var scenario = Scenario.WithAppOn("a", Settings).PowerOff("a").After(10);
        var assessed = Assert.Single(Assess(scenario));
        Assert.True(assessed.IsLoss);
        Assert.False(assessed.IsMoved);
        Assert.Equal(Settings.KnownResourceGrace, assessed.Due - assessed.Since);
        Assert.Equal(HoldReason.GraceNotOver, Assert.Single(assessed.Holds).Reason);
    }

    [Fact]
    public void A_loss_that_is_acted_upon_is_reported_as_such()
    {
        var scenario = Scenario.WithAppOn("a", Settings);
        scenario.Answers = _ => MutationOutcome.Refused;
        var assessed = Assert.Single(Assess(scenario.PowerOff("a").After(Settings.KnownResourceGrace.TotalSeconds + 0.1), later: 1));
        Assert.True(assessed.IsMoved);
        Assert.Empty(assessed.Holds);
    }

    [Fact]
    public void Every_consumer_in_doubt_has_its_own_holds()
    {
        var scenario = Scenario.WithAppOn("a", Settings).Resource("pvc-2", "a").Volume("pv-2", "logs", "pvc-2").Pod("app-1", "a", pod => pod with { Claims = [new("logs")], OptedOut = true })
            .PowerOff("a").PowerOff("a", "pvc-2").After(10);
        Assert.Equal(["pvc-1: app-0", "pvc-2: app-1"], Assess(scenario).Select(one => $"{one.Consumer.Resource.Name}: {string.Join(' ', one.Holds.SelectMany(hold => hold.Pods).Select(pod => pod.Key.Name))}"));
    }

    private static IReadOnlyList<AssessedConsumer> Assess(Scenario scenario, double later = 0) =>
        new FailoverPolicy(Settings).Decide(scenario.Cluster, scenario.Now + TimeSpan.FromSeconds(later)).Consumers;
}
