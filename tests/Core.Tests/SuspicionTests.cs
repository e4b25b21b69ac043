namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Which resources are evaluated, and which are forgotten.</summary>
public sealed class SuspicionTests
{
    [Fact]
    public void An_unused_resource_is_not_evaluated() =>
        Assert.Empty(Scenario.Empty().Resource("pvc-1", inUseOn: null).Volume("pv-1", "data", "pvc-1").Cluster.NamesInDoubt);

    [Theory]
    [InlineData("attachment", "pod", "volume")]
    [InlineData("volume", "pod", "attachment")]
    [InlineData("volume", "attachment", "pod")]
    [InlineData("pod", "volume", "attachment")]
    public void The_loss_is_noticed_in_whichever_order_the_objects_arrive(params string[] order)
    {
        var scenario = Scenario.Empty().Resource("pvc-1", "a").PowerOff("a").After(10);
        foreach (var what in order)
        {
            scenario = what switch
            {
                "volume" => scenario.Volume("pv-1", "data", "pvc-1"),
                "attachment" => scenario.Attachment("va-1", "pv-1", "a"),
                _ => scenario.Pod("app-0", "a"),
            };
        }

        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.After(46).Moves);
    }

    [Fact]
    public void A_resource_whose_last_consumer_has_gone_is_no_longer_in_doubt()
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(60);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scenario.Moves);
        Assert.Empty(scenario.Cluster.NamesInDoubt);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_deleted_definition_is_forgotten_whether_its_volume_goes_before_or_after_it(bool volumeFirst)
    {
        var scenario = Scenario.Empty().Resource("pvc-1", inUseOn: null).Volume("pv-1", "data", "pvc-1");
        scenario = volumeFirst ? Silent(scenario.VolumeGone("pv-1")) : Silent(scenario).VolumeGone("pv-1");
        Assert.Empty(scenario.Cluster.Resources);
    }

    [Fact]
    public void A_definition_that_linstor_does_not_report_is_remembered_while_a_volume_names_it() =>
        Assert.Equal(3, Silent(Scenario.WithAppOn("a")).Cluster.Resources[Scenario.Pvc1].Speakers.Length);

    // LINSTOR's last report on each replica of a definition that is deleted.
    private static Scenario Silent(Scenario scenario) => ((string[])["a", "b", "c"]).Aggregate(scenario, (told, node) =>
        told.Observe(new Observation.PromotionChanged(Scenario.Pvc1, new(node), Promotability.Unknown)));
}
