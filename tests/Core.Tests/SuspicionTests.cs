namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What is worth a thought, and what is forgotten.</summary>
public sealed class SuspicionTests
{
    [Fact]
    public void A_resource_that_nobody_uses_costs_no_thought() =>
        Assert.Empty(Scene.Empty().Resource("pvc-1", inUseOn: null).Volume("pv-1", "data", "pvc-1").Cluster.NamesInDoubt);

    [Theory]
    [InlineData("attachment", "pod", "volume")]
    [InlineData("volume", "pod", "attachment")]
    [InlineData("volume", "attachment", "pod")]
    [InlineData("pod", "volume", "attachment")]
    public void Whoever_comes_last_the_loss_is_noticed(params string[] order)
    {
        var scene = Scene.Empty().Resource("pvc-1", "a").PowerOff("a").After(10);
        foreach (var what in order)
        {
            scene = what switch
            {
                "volume" => scene.Volume("pv-1", "data", "pvc-1"),
                "attachment" => scene.Attachment("va-1", "pv-1", "a"),
                _ => scene.Pod("app-0", "a"),
            };
        }

        Assert.Equal(["delete app-0 on a", "detach va-1"], scene.After(46).Moves);
    }

    [Fact]
    public void A_resource_whose_last_user_has_gone_is_suspected_no_more()
    {
        var scene = Scene.WithAppOn("a").PowerOff("a").After(60);
        Assert.Equal(["delete app-0 on a", "detach va-1"], scene.Moves);
        Assert.Empty(scene.Cluster.NamesInDoubt);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_deleted_definition_is_forgotten_whether_its_volume_goes_before_or_after_it(bool volumeFirst)
    {
        var scene = Scene.Empty().Resource("pvc-1", inUseOn: null).Volume("pv-1", "data", "pvc-1");
        scene = volumeFirst ? Silent(scene.VolumeGone("pv-1")) : Silent(scene).VolumeGone("pv-1");
        Assert.Empty(scene.Cluster.Resources);
    }

    [Fact]
    public void A_definition_of_which_linstor_says_nothing_is_remembered_while_a_volume_names_it() =>
        Assert.Equal(3, Silent(Scene.WithAppOn("a")).Cluster.Resources[Scene.Pvc1].Speakers.Length);

    // LINSTOR's last word on each replica of a definition that is deleted.
    private static Scene Silent(Scene scene) => ((string[])["a", "b", "c"]).Aggregate(scene, (told, node) =>
        told.Tell(new Observation.PromotionChanged(Scene.Pvc1, new(node), Promotability.Unknown)));
}
