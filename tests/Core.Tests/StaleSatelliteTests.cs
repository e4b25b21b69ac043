namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Sequences in which an earlier version of the rules for stale satellites and silences failed: each is something that LINSTOR, DRBD and Kubernetes can produce.</summary>
public sealed class StaleSatelliteTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void One_stale_satellite_and_a_true_cut_elsewhere_do_not_outvote_a_node_that_has_fallen_silent(bool tieBreaker, bool isAlone)
    {
        // B's satellite has repeated since A's last reboot that A is gone. A and C are well, and say so for an hour to this process, which was started after that.
        // Then the path between A and C breaks; LINSTOR runs on C's side. C is connected to B, which is connected to the Primary: it is Outdated and may not promote. A and B have quorum.
        // Or all links of C break, and A's satellite stops.
        var scenario = Scenario.Empty(NoStorm).Node("a", ready: false).Facts("pvc-1", "majority", [Healthy("a", "a", tieBreaker), Stale("b", tieBreaker), Healthy("c", "a", tieBreaker)]);
        scenario.Stream("a", Promotability.MayNotPromote).Stream("b", Promotability.MayPromote).Stream("c", Promotability.MayNotPromote).Report("pvc-1")
            .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(3600);
        Assert.Empty(scenario.Moves);
        scenario = isAlone ? scenario.Link("c", "b", up: false) : scenario;
        scenario.Silence("a").Link("c", "a", up: false).Replica("c", replica => replica with { Score = isAlone ? 0 : 1 }).Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
        Assert.Equal([isAlone ? HoldReason.SideHasQuorum : HoldReason.StillConnected], scenario.Holds);
    }

    [Fact]
    public void One_stale_satellite_does_not_outvote_a_node_after_linstor_moved_from_it()
    {
        // LINSTOR ran on A. A reboots, B's satellite hangs with "A is gone". LINSTOR starts on C; A has been back for a minute and registers at once with the same statements as before.
        var scenario = Scenario.WithAppOn("a", NoStorm).After(600).LinstorGoesAway();
        scenario.Replica("b", _ => Stale("b", false), streamed: false);
        scenario.After(120).LinstorComesBack().Stream("a", Promotability.MayNotPromote).Stream("b", Promotability.MayPromote).Stream("c", Promotability.MayNotPromote).Report("pvc-1").After(3600);
        Assert.Empty(scenario.Moves);
        scenario.Silence("a").Link("c", "a", up: false).Replica("c", replica => replica with { Score = 1 }).Report("pvc-1").After(600);
        Assert.Empty(scenario.Moves);
    }

    [Theory]
    [InlineData(60, true, HoldReason.StillConnected)]
    [InlineData(60, false, HoldReason.StillConnected)]
    [InlineData(5, false, HoldReason.OnlyOneSpeaker)]
    public void A_disk_that_has_fallen_behind_is_no_second_speaker(double after, bool isSeen, HoldReason reason)
    {
        // LINSTOR runs on C; the path between A and C breaks: A is offline, C Outdated. A and B have quorum. Then A's link to B breaks for two seconds (B and C have quorum meanwhile, and C may
        // say so), and in that moment B's satellite hangs.
        var scenario = Scenario.WithAppOn("a", NoStorm).After(600).Silence("a").Link("c", "a", up: false).Replica("c", replica => replica with { Score = 1 }).Report("pvc-1").After(after);
        Assert.Empty(scenario.Moves);
        scenario.Replica("b", _ => Stale("b", false), streamed: true);
        if (isSeen)
        {
            scenario.Replica("c", replica => replica with { Score = 10102 }).MayPromote("c").Report("pvc-1").After(2).Replica("c", replica => replica with { Score = 1 }).MayNotPromote("c");
        }

        Assert.Empty(scenario.Report("pvc-1").After(600).Moves);
        Assert.Equal([reason], scenario.Holds);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void One_list_that_failed_does_not_make_a_dead_node_stand_for_ever(int pause)
    {
        // C's satellite has long been dead. One list of the satellites fails; the stream goes on. Minutes later, before the sweep comes to this resource, A loses power; DRBD is faster than LINSTOR.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).Silence("c").After(60).Report("pvc-1");
        scenario.LinstorGoesAway().After(2).LinstorComesBack().After(pause == 0 ? 300 : pause);
        scenario.Link("b", "a", up: false).MayPromote("b").After(3).Silence("a");
        Assert.Equal(Moved, scenario.After(300).Moves);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_member_that_was_evicted_is_none_for_the_nodes_that_were_heard_since(bool hadDisk)
    {
        // D died for good; LINSTOR evicted it (INACTIVE, EVICTED) and placed B instead: A, B and C have no connection to D in their configuration (DrbdResourceFileUtils.getPeerRscDataList).
        var scenario = Scenario.Empty(NoStorm).Satellites(On("a"), On("b"), On("c"), new(new("d"), SatelliteState.Offline, Evicted: true));
        scenario.Facts("pvc-1", "majority", [
            Healthy("a", "a", tieBreaker: true), Healthy("b", "a", tieBreaker: true), Healthy("c", "a", tieBreaker: true),
            new(new("d")) { Leaving = true, Diskless = !hadDisk },
        ]);
        scenario.Report("pvc-1").Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Node("a", ready: false).After(600);
        scenario.Silence("a");
        foreach (var node in (string[])["b", "c"])
        {
            scenario.Link(node, "a", up: false).MayPromote(node);
        }

        Assert.Equal(Moved, scenario.After(120).Moves);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_use_that_a_newer_one_ended_is_not_revived_by_a_silence_of_linstor(bool silence)
    {
        // Disks on x, y, z; D and A are diskless. D's satellite hangs ("in use"), the pod is moved to A by a drain, A says "in use". LINSTOR is away for a moment; then A loses power.
        var scenario = Scenario.Empty(NoStorm).Satellites(On("a"), On("d"), On("x"), On("y"), On("z"));
        scenario.Facts("pvc-1", "majority", Client("d", "x", "y", "z").Concat([new Replica(new("a")) { Promotability = Promotability.MayNotPromote, Usage = Usage.Unused, Score = 3, Diskless = true, Connections = [new("x", true), new("y", true), new("z", true)] }]));
        scenario.Report("pvc-1").Volume("pv-1", "data", "pvc-1").After(60);
        scenario.Replica("a", replica => replica with { Usage = Usage.InUse }).Report("pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").After(60);
        if (silence)
        {
            scenario.LinstorGoesAway().After(5).LinstorComesBack().Report("pvc-1").After(60);
        }

        scenario.Silence("a");
        foreach (var node in (string[])["x", "y", "z"])
        {
            scenario.Link(node, "a", up: false);
        }

        foreach (var node in (string[])["x", "y", "z"])
        {
            scenario.MayPromote(node);
        }

        Assert.Equal(Moved, scenario.After(120).Moves);
    }

    private static Replica Healthy(string node, string user, bool tieBreaker) => new(new(node))
    {
        Promotability = Promotability.MayNotPromote,
        Usage = node == user ? Usage.InUse : Usage.Unused,
        Diskless = tieBreaker && node == "c",
        Score = !tieBreaker ? 10103 : node == "c" ? 2 : 10102,
        Connections = [.. "abc".Select(peer => $"{peer}").Where(peer => peer != node).Select(peer => new Connection(peer, Up: true))],
    };

    private static Replica Stale(string node, bool tieBreaker) => new(new(node))
    {
        Promotability = Promotability.MayPromote,
        Usage = Usage.Unused,
        Score = tieBreaker ? 10101 : 10102,
        Connections = [new("a", Up: false), new("c", Up: true)],
    };

    private static IEnumerable<Replica> Client(string client, params string[] disks) =>
    [
        new(new(client)) { Promotability = Promotability.MayNotPromote, Usage = Usage.InUse, Score = 3, Diskless = true, Connections = [.. disks.Select(disk => new Connection(disk, Up: true))] },
        .. disks.Select(disk => new Replica(new(disk))
        {
            Promotability = Promotability.MayNotPromote,
            Usage = Usage.Unused,
            Score = 10103,
            Connections = [new("a", Up: true), new(client, Up: true), .. disks.Where(peer => peer != disk).Select(peer => new Connection(peer, Up: true))],
        }),
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stale_member_is_not_on_the_side_of_a_peer_that_has_lost_it_since(bool isStale)
    {
        // C's satellite repeats that A is gone and B is there. Now A and C are cut off from B, which says so, and D and E are placed with B. A and C count two of three.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60);
        scenario = isStale ? scenario.Replica("c", _ => Apart("c", up: "b", down: "a")).Report("pvc-1").After(600).Report("pvc-1") : scenario.After(600).Silence("c");
        Assert.Empty(scenario.Moves);
        scenario.Silence("a").Replica("b", replica => replica with { Score = 0, Connections = [new("a", Up: false), new("c", Up: false)] }).Report("pvc-1").After(5);
        scenario.Satellites(Off("a"), On("b"), isStale ? On("c") : Off("c"), On("d"), On("e"));
        scenario.Facts("pvc-1", "majority", [new(new("a")), isStale ? Apart("c", up: "b", down: "a") : new(new("c")), Apart("b", up: "de", down: "ac"), Apart("d", up: "be", down: "ac"), Apart("e", up: "bd", down: "ac")]);
        Assert.Empty(scenario.Stream("b", Promotability.MayPromote).Report("pvc-1").After(900).Moves);
        Assert.Equal([HoldReason.MayHaveQuorum], scenario.Holds);
    }

    [Fact]
    public void A_stale_member_that_reports_no_connection_is_on_the_side_of_a_peer_that_has_found_it_since()
    {
        // A's power fails. B, which is connected to C, is right.
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).After(60);
        scenario.Replica("c", replica => replica with { Score = 0, Connections = [new("a", Up: false), new("b", Up: false)] }).Link("b", "c", up: false).Report("pvc-1").After(5).Link("b", "c", up: true).Report("pvc-1").After(600);
        Assert.Equal(Moved, scenario.Silence("a").Link("b", "a", up: false).MayPromote("b").Report("pvc-1").After(600).Moves);
    }
}
