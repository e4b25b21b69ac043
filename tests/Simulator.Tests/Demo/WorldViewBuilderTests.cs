using Piraeus.HighAvailability.Demo;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.Tests.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.Demo;

/// <summary>Which pods the page shows.</summary>
public sealed class WorldViewBuilderTests
{
    private readonly ModelCluster _cluster = new();

    [Fact]
    public void A_StatefulSet_that_a_user_adds_appears_with_all_its_pods_even_those_that_do_not_exist()
    {
        var set = _cluster.World.AddStatefulSet("mine", 2, new(Metadata.Nothing.Add(Workload.OptInLabel, "remove"), Metadata.Nothing, new()), ns: "default");
        Assert.Equal(["default/mine-0: added to the demo, opted in", "default/mine-1: added to the demo, opted in"], Shown());
        _cluster.Until(() => _cluster.IsRunning("mine-1"));
        Assert.Equal(2, Shown().Count());

        _cluster.Store.Change(set, now => now with { Replicas = 0 });
        Assert.Empty(Shown());
    }

    [Fact]
    public void The_demos_own_pods_come_first_in_their_order_and_without_their_namespace()
    {
        foreach (var name in (ReadOnlySpan<string>)["another", "web", "db"])
        {
            _cluster.World.AddStatefulSet(name, ns: Workload.Namespace);
        }

        Assert.Equal(["db-0", "web-0", "another-0"], WorldViewBuilder.Build(_cluster.World, 1).Workloads.Select(pod => pod.ShortName));
        Assert.Equal("shop/another-0: added to the demo, not opted in", Shown().Last());
    }

    private IEnumerable<string> Shown() => WorldViewBuilder.Build(_cluster.World, 1).Workloads.Select(pod => $"{pod.Name}: {pod.About}");
}
