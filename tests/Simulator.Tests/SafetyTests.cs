using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

public sealed class SafetyTests
{
    private static readonly string[] _nodes = ["a", "b", "c"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void With_quorum_no_scenario_of_faults_ever_has_two_writers_or_diverging_data(bool withTieBreaker)
    {
        var promotions = 0;
        for (var seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            var scenario = withTieBreaker ? StorageScenario.OfTwoReplicasAndATieBreaker() : StorageScenario.OfThreeReplicas();
            for (var step = 0; step < 60; step++)
            {
                promotions += Disturb(scenario.World, random) ? 1 : 0;
                var writers = _nodes.Where(node => scenario.World.CanWrite("r", node)).ToList();
                Assert.True(writers.Count <= 1, $"Seed {seed}, step {step}: {string.Join(" and ", writers)} can write.");
                Assert.DoesNotContain(_nodes, node => scenario.World.KnownOf("r", node)?.Connections.Any(c => c.Message == "StandAlone") == true);
            }
        }

        Assert.True(promotions > 200, $"Only {promotions} promotions: the scenarios are too quiet to mean anything.");
    }

    private static bool Disturb(StorageWorld world, Random random)
    {
        var node = _nodes[random.Next(3)];
        var other = _nodes[(Array.IndexOf(_nodes, node) + 1) % 3];
        world.RunFor(TimeSpan.FromSeconds(random.Next(12)));
        switch (random.Next(10))
        {
            case 0: world.PowerOff(node); break;
            case 1 or 2: world.PowerOn(node); break;
            case 3: world.CutLink(node, other); break;
            case 4: world.HealLink(node, other); break;
            case 5: world.Isolate(node); break;
            case 6: world.Rejoin(node); break;
            case 7: world.Demote("r", node); break;
            default: return world.Promote("r", node) == PromotionOutcome.Promoted;
        }

        return false;
    }
}
