using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

public sealed class AdministrationTests
{
    [Fact]
    public void Quorum_is_off_until_the_third_replica_makes_it_majority()
    {
        var story = StorageScenario.Empty();
        Assert.Equal("off", Quorum(story.World.AddResource("r", ["a"])));
        story.World.AddReplica("r", "b");
        Assert.Equal("off", Quorum(story.World.FindDefinition("r")!));
        story.World.AddReplica("r", "c");
        Assert.Equal("majority", Quorum(story.World.FindDefinition("r")!));
        Assert.Equal("majority", Quorum(story.World.AddResource("r2", ["a", "b"], tieBreaker: "c")));
    }

    [Fact]
    public void Quorum_that_a_user_sets_on_the_group_leaves_the_definition_without_until_the_next_pass()
    {
        var world = StorageScenario.Empty().World;
        world.AddGroup("sc");
        var definition = world.AddResource("r", ["a", "b"], group: "sc");
        Assert.Equal("off", Quorum(definition));
        world.SetGroupProperty("SC", QuorumSetting.Key, "2");
        Assert.Null(Quorum(definition));
        world.AddReplica("r", "c");
        Assert.Equal("2", Quorum(definition));
    }

    [Fact]
    public void Quorum_that_a_user_sets_on_the_definition_stays()
    {
        var world = StorageScenario.Empty().World;
        world.AddResource("r", ["a", "b"]);
        world.SetDefinitionProperty("r", QuorumSetting.Key, "off");
        world.AddReplica("r", "c");
        Assert.Equal("off", Quorum(world.FindDefinition("r")!));
    }

    [Fact]
    public void A_deleted_replica_shows_its_flags_becomes_unknown_and_is_gone()
    {
        var story = StorageScenario.OfThreeReplicas();
        Assert.True(story.World.DeleteReplica("r", "c"));
        Assert.Equal(["DRBD_DELETE"], story.World.FindReplica("r", "c")!.Flags());
        story.World.RunFor(story.World.Timings.Deploy);
        Assert.Equal(["DELETE", "DRBD_DELETE"], story.World.FindReplica("r", "c")!.Flags());
        Assert.Equal(["c=?"], story.Tellings);
        story.Settle();
        Assert.Null(story.World.FindReplica("r", "c"));
        Assert.Equal(["c=?"], story.Tellings);
        Assert.Equal(["b:Connected"], story.MessagesOn("a"));
    }

    [Fact]
    public void A_replica_in_use_cannot_be_deleted()
    {
        var story = StorageScenario.OfThreeReplicas();
        Assert.False(story.World.DeleteReplica("r", "a"));
        Assert.False(story.World.DeleteDefinition("r"));
        story.Settle();
        Assert.Equal("false/10103/used", story.Known("a"));
    }

    [Fact]
    public void A_replica_deleted_on_an_offline_node_stays_listed_until_the_node_returns()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.PowerOff("c");
        story.Settle();
        story.World.DeleteReplica("r", "c");
        story.Settle();
        Assert.Equal(["DELETE", "DRBD_DELETE"], story.World.FindReplica("r", "c")!.Flags());
        story.World.PowerOn("c");
        story.Settle();
        Assert.Null(story.World.FindReplica("r", "c"));
    }

    [Fact]
    public void A_deleted_definition_is_gone_with_its_last_replica()
    {
        var story = StorageScenario.OfThreeReplicas();
        story.World.Demote("r", "a");
        story.World.DeleteDefinition("r");
        Assert.NotNull(story.World.FindDefinition("r"));
        story.Settle();
        Assert.Null(story.World.FindDefinition("r"));
    }

    [Fact]
    public void Losing_a_node_is_refused_while_connected_and_tells_nobody()
    {
        var story = StorageScenario.OfThreeReplicas();
        List<NodeEvent> nodes = [];
        story.World.NodeChanged += nodes.Add;
        Assert.False(story.World.LoseNode("a"));
        story.World.Isolate("a");
        story.Settle();
        story.Told.Clear();
        Assert.True(story.World.LoseNode("a"));
        story.Settle();
        Assert.Empty(story.Told);
        Assert.Empty(nodes);
        Assert.Null(story.World.FindReplica("r", "a"));
        Assert.Null(story.World.FindNode("a"));
        Assert.Equal(["c:Connected"], story.MessagesOn("b"));
        Assert.False(story.World.CanWrite("r", "a"));
    }

    [Fact]
    public void An_evicted_node_is_also_flagged_as_deleted_and_its_resources_are_inactive()
    {
        var story = StorageScenario.OfThreeReplicas();
        Assert.False(story.World.Evict("a"));
        story.World.PowerOff("a");
        story.Settle();
        Assert.True(story.World.Evict("a"));
        Assert.Equal(["DELETE", "EVICTED"], story.World.FindNode("a")!.Describe().Flags);
        Assert.Equal(["INACTIVE", "EVICTED"], story.World.FindReplica("r", "a")!.Flags());
        story.World.PowerOn("a");
        story.Settle();
        Assert.Equal(ConnectionStatus.Offline, story.World.FindNode("a")!.Status);
    }

    [Fact]
    public void Node_events_tell_creation_change_deletion_and_eviction_but_never_a_connection()
    {
        var story = StorageScenario.Empty();
        List<string> told = [];
        story.World.NodeChanged += changed => told.Add($"{changed.Name} {changed.Node.Name}");
        story.World.StopSatellite("a");
        story.World.PowerOff("b");
        story.Settle();
        story.World.StartSatellite("a");
        story.Settle();
        Assert.Empty(told);
        story.World.AddNode("d");
        story.World.SetNodeProperty("d", "Aux/zone", "1");
        story.World.DeleteNode("d");
        story.World.Evict("b");
        Assert.Equal(["node-create d", "node-modified d", "node-delete d", "node-evicted b"], told);
    }

    [Fact]
    public void Attaching_adds_a_diskless_replica_that_detaching_removes()
    {
        var story = StorageScenario.Empty();
        story.World.AddNode("d");
        story.World.AddResource("r", ["a", "b", "c"]);
        Assert.True(story.World.Attach("r", "d"));
        story.Settle();
        Assert.Equal("true/3/unused", story.Known("d"));
        Assert.Equal(PromotionOutcome.Promoted, story.World.Promote("r", "d"));
        Assert.True(story.World.CanWrite("r", "d"));
        story.World.Demote("r", "d");
        Assert.True(story.World.Detach("r", "d"));
        story.Settle();
        Assert.Null(story.World.FindReplica("r", "d"));
    }

    [Fact]
    public void Attaching_fails_where_the_satellite_is_not_online_or_LINSTOR_is_away()
    {
        var world = StorageScenario.OfThreeReplicas().World;
        world.StopSatellite("b");
        Assert.False(world.Attach("r", "b"));
        Assert.True(world.Attach("r", "c"));
        world.StopLinstor();
        Assert.False(world.Attach("r", "c"));
    }

    [Fact]
    public void Attaching_fails_until_the_replica_that_is_being_deleted_there_is_gone()
    {
        var story = StorageScenario.Empty();
        story.World.AddNode("d");
        story.World.AddResource("r", ["a", "b", "c"]);
        story.World.Attach("r", "d");
        story.Settle();
        story.World.Isolate("d");
        story.Settle();
        story.World.Detach("r", "d");
        story.World.Rejoin("d");
        while (story.World.FindNode("d")!.Status != ConnectionStatus.Online)
        {
            story.World.RunFor(TimeSpan.FromMilliseconds(100));
        }

        Assert.NotNull(story.World.FindReplica("r", "d"));
        Assert.False(story.World.Attach("r", "d"));
        story.Settle();
        Assert.Null(story.World.FindReplica("r", "d"));
        Assert.True(story.World.Attach("r", "d"));
    }

    [Fact]
    public void That_a_replica_is_gone_is_said_like_everything_else_that_changes()
    {
        var story = StorageScenario.Empty();
        story.World.AddResource("r", ["a", "b", "c"]);
        int? listed = null;
        story.World.Settled += definition => listed = definition.Listed.Count;
        story.World.DeleteReplica("r", "c");
        story.Settle();
        Assert.Equal(2, listed);
    }

    private static string? Quorum(ResourceDefinition definition) => definition.Properties.GetValueOrDefault(QuorumSetting.Key);
}
