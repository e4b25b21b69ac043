using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

public sealed class AdministrationTests
{
    [Fact]
    public void Quorum_is_off_until_the_third_replica_makes_it_majority()
    {
        var scenario = StorageScenario.Empty();
        Assert.Equal("off", Quorum(scenario.World.AddResource("r", ["a"])));
        scenario.World.AddReplica("r", "b");
        Assert.Equal("off", Quorum(scenario.World.FindDefinition("r")!));
        scenario.World.AddReplica("r", "c");
        Assert.Equal("majority", Quorum(scenario.World.FindDefinition("r")!));
        Assert.Equal("majority", Quorum(scenario.World.AddResource("r2", ["a", "b"], tieBreaker: "c")));
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
        var scenario = StorageScenario.OfThreeReplicas();
        Assert.True(scenario.World.DeleteReplica("r", "c"));
        Assert.Equal(["DRBD_DELETE"], scenario.World.FindReplica("r", "c")!.Flags());
        scenario.World.RunFor(scenario.World.Timings.Deploy);
        Assert.Equal(["DELETE", "DRBD_DELETE"], scenario.World.FindReplica("r", "c")!.Flags());
        Assert.Equal(["c=?"], scenario.ReportedPromotions);
        scenario.Settle();
        Assert.Null(scenario.World.FindReplica("r", "c"));
        Assert.Equal(["c=?"], scenario.ReportedPromotions);
        Assert.Equal(["b:Connected"], scenario.MessagesOn("a"));
    }

    [Fact]
    public void A_replica_in_use_cannot_be_deleted()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        Assert.False(scenario.World.DeleteReplica("r", "a"));
        Assert.False(scenario.World.DeleteDefinition("r"));
        scenario.Settle();
        Assert.Equal("false/10103/used", scenario.Known("a"));
    }

    [Fact]
    public void A_replica_deleted_on_an_offline_node_stays_listed_until_the_node_returns()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.PowerOff("c");
        scenario.Settle();
        scenario.World.DeleteReplica("r", "c");
        scenario.Settle();
        Assert.Equal(["DELETE", "DRBD_DELETE"], scenario.World.FindReplica("r", "c")!.Flags());
        scenario.World.PowerOn("c");
        scenario.Settle();
        Assert.Null(scenario.World.FindReplica("r", "c"));
    }

    [Fact]
    public void A_deleted_definition_is_gone_with_its_last_replica()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        scenario.World.Demote("r", "a");
        scenario.World.DeleteDefinition("r");
        Assert.NotNull(scenario.World.FindDefinition("r"));
        scenario.Settle();
        Assert.Null(scenario.World.FindDefinition("r"));
    }

    [Fact]
    public void Losing_a_node_is_refused_while_connected_and_sends_no_event()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        List<NodeEvent> nodes = [];
        scenario.World.NodeChanged += nodes.Add;
        Assert.False(scenario.World.LoseNode("a"));
        scenario.World.Isolate("a");
        scenario.Settle();
        scenario.Events.Clear();
        Assert.True(scenario.World.LoseNode("a"));
        scenario.Settle();
        Assert.Empty(scenario.Events);
        Assert.Empty(nodes);
        Assert.Null(scenario.World.FindReplica("r", "a"));
        Assert.Null(scenario.World.FindNode("a"));
        Assert.Equal(["c:Connected"], scenario.MessagesOn("b"));
        Assert.False(scenario.World.CanWrite("r", "a"));
    }

    [Fact]
    public void An_evicted_node_is_also_flagged_as_deleted_and_its_resources_are_inactive()
    {
        var scenario = StorageScenario.OfThreeReplicas();
        Assert.False(scenario.World.Evict("a"));
        scenario.World.PowerOff("a");
        scenario.Settle();
        Assert.True(scenario.World.Evict("a"));
        Assert.Equal(["DELETE", "EVICTED"], scenario.World.FindNode("a")!.Describe().Flags);
        Assert.Equal(["INACTIVE", "EVICTED"], scenario.World.FindReplica("r", "a")!.Flags());
        scenario.World.PowerOn("a");
        scenario.Settle();
        Assert.Equal(ConnectionStatus.Offline, scenario.World.FindNode("a")!.Status);
    }

    [Fact]
    public void Node_events_report_creation_change_deletion_and_eviction_but_never_a_connection()
    {
        var scenario = StorageScenario.Empty();
        List<string> events = [];
        scenario.World.NodeChanged += changed => events.Add($"{changed.Name} {changed.Node.Name}");
        scenario.World.StopSatellite("a");
        scenario.World.PowerOff("b");
        scenario.Settle();
        scenario.World.StartSatellite("a");
        scenario.Settle();
        Assert.Empty(events);
        scenario.World.AddNode("d");
        scenario.World.SetNodeProperty("d", "Aux/zone", "1");
        scenario.World.DeleteNode("d");
        scenario.World.Evict("b");
        Assert.Equal(["node-create d", "node-modified d", "node-delete d", "node-evicted b"], events);
    }

    [Fact]
    public void Attaching_adds_a_diskless_replica_that_detaching_removes()
    {
        var scenario = StorageScenario.Empty();
        scenario.World.AddNode("d");
        scenario.World.AddResource("r", ["a", "b", "c"]);
        Assert.True(scenario.World.Attach("r", "d"));
        scenario.Settle();
        Assert.Equal("true/3/unused", scenario.Known("d"));
        Assert.Equal(PromotionOutcome.Promoted, scenario.World.Promote("r", "d"));
        Assert.True(scenario.World.CanWrite("r", "d"));
        scenario.World.Demote("r", "d");
        Assert.True(scenario.World.Detach("r", "d"));
        scenario.Settle();
        Assert.Null(scenario.World.FindReplica("r", "d"));
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
        var scenario = StorageScenario.Empty();
        scenario.World.AddNode("d");
        scenario.World.AddResource("r", ["a", "b", "c"]);
        scenario.World.Attach("r", "d");
        scenario.Settle();
        scenario.World.Isolate("d");
        scenario.Settle();
        scenario.World.Detach("r", "d");
        scenario.World.Rejoin("d");
        while (scenario.World.FindNode("d")!.Status != ConnectionStatus.Online)
        {
            scenario.World.RunFor(TimeSpan.FromMilliseconds(100));
        }

        Assert.NotNull(scenario.World.FindReplica("r", "d"));
        Assert.False(scenario.World.Attach("r", "d"));
        scenario.Settle();
        Assert.Null(scenario.World.FindReplica("r", "d"));
        Assert.True(scenario.World.Attach("r", "d"));
    }

    [Fact]
    public void Attaching_fails_while_the_satellite_hangs_that_is_to_delete_the_replica()
    {
        var scenario = StorageScenario.Empty();
        scenario.World.AddNode("d");
        scenario.World.AddResource("r", ["a", "b", "c"]);
        scenario.World.Attach("r", "d");
        scenario.Settle();
        scenario.World.HangSatellite("d");
        Assert.True(scenario.World.Detach("r", "d"));
        Assert.False(scenario.World.Attach("r", "d"));
        scenario.World.ResumeSatellite("d");
        scenario.Settle();
        Assert.Null(scenario.World.FindReplica("r", "d"));
        Assert.True(scenario.World.Attach("r", "d"));
    }

    [Fact]
    public void That_a_replica_is_gone_is_reported_like_every_other_change()
    {
        var scenario = StorageScenario.Empty();
        scenario.World.AddResource("r", ["a", "b", "c"]);
        int? listed = null;
        scenario.World.Settled += definition => listed = definition.Listed.Count;
        scenario.World.DeleteReplica("r", "c");
        scenario.Settle();
        Assert.Equal(2, listed);
    }

    private static string? Quorum(ResourceDefinition definition) => definition.Properties.GetValueOrDefault(QuorumSetting.Key);
}
