using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class ReporterTests
{
    private static readonly ClusterSnapshot Well = ClusterSnapshot.Empty.Apply(new Observation.Seen<Volume>(new("pv", null) { Resource = Room.Resource }), Instant.Start)
        .Apply(new Observation.Seen<Attachment>(new("va", new("va"), "pv", new("a"))), Instant.Start);
    private static readonly ClusterSnapshot Unwell = Well.Apply(new Observation.Reported(new(Room.Resource, false, new(null), [], Instant.Start)), Instant.Start);

    [Fact]
    public async Task Each_reason_is_told_once_however_often_the_policy_repeats_it()
    {
        await using var room = await Room.OpenAsync();
        var reporter = Reporter(room);
        for (var turn = 0; turn < 3; turn++)
        {
            reporter.Report(Unwell, Verdict(Holding(HoldReason.OptedOut), Holding(HoldReason.WritesToSharedStorage, "volume v (nfs)")));
        }

        Assert.Equal(2, room.Told.Lines.Count);
        Assert.Equal(2, await EventsAsync(room));
    }

    [Fact]
    public async Task Reasons_that_take_turns_are_told_once_each()
    {
        await using var room = await Room.OpenAsync();
        var reporter = Reporter(room);
        for (var turn = 0; turn < 10; turn++)
        {
            reporter.Report(Unwell, Verdict(Holding(turn % 2 == 0 ? HoldReason.LinstorSilent : HoldReason.StillConnected, "a")));
        }

        Assert.Equal(2, room.Told.Lines.Count);
    }

    [Fact]
    public async Task Another_detail_another_pod_and_the_end_of_the_grace_period_are_news()
    {
        await using var room = await Room.OpenAsync();
        var reporter = Reporter(room);
        var hold = Holding(HoldReason.WritesToSharedStorage, "one") with { Overdue = false };
        foreach (var news in (Decision.Hold[])[hold, hold with { Overdue = true }, hold with { Detail = "two" }, hold with { Pods = [Room.App with { Uid = new("u-2") }] }, hold with { Node = new("c") }])
        {
            reporter.Report(Unwell, Verdict(news));
        }

        Assert.Equal(5, room.Told.Lines.Count);
    }

    [Fact]
    public async Task A_reason_is_told_again_after_the_resource_was_well()
    {
        await using var room = await Room.OpenAsync();
        var reporter = Reporter(room);
        reporter.Report(Unwell, Verdict(Holding(HoldReason.OptedOut)));
        reporter.Report(Well, Verdict());
        reporter.Report(Unwell, Verdict(Holding(HoldReason.OptedOut)));
        Assert.Equal(2, await EventsAsync(room));
    }

    [Theory]
    [InlineData(HoldReason.NotAskedYet)]
    [InlineData(HoldReason.OwnReplicaMayPromote)]
    [InlineData(HoldReason.GraceNotOver)]
    public async Task A_reason_that_passes_by_itself_is_no_Event(object reason)
    {
        await using var room = await Room.OpenAsync();
        Reporter(room).Report(Unwell, Verdict(Holding((HoldReason)reason)));
        Assert.Single(room.Told.Lines);
        Assert.Equal(0, await EventsAsync(room));
    }

    [Fact]
    public async Task A_reason_that_has_held_nothing_up_yet_is_no_Event()
    {
        await using var room = await Room.OpenAsync();
        Reporter(room).Report(Unwell, Verdict(Holding(HoldReason.OptedOut) with { Overdue = false }));
        Assert.Single(room.Told.Lines);
        Assert.Equal(0, await EventsAsync(room));
    }

    [Fact]
    public async Task What_stands_is_never_forgotten_however_much_comes_and_goes()
    {
        await using var room = await Room.OpenAsync();
        var reporter = Reporter(room);
        var stands = Holding(HoldReason.OptedOut);
        for (var pod = 0; pod < 5000; pod++)
        {
            reporter.Report(Unwell, Verdict(stands, Holding(HoldReason.WritesToSharedStorage) with { Pods = [Room.App with { Uid = new($"u-{pod}") }] }));
        }

        Assert.Single(room.Told.Lines, line => line.EndsWith("(OptedOut)", StringComparison.Ordinal));
        Assert.Equal(5001, room.Told.Lines.Count);
        Assert.InRange(reporter.Remembers, 1, 2000);
    }

    private static Reporter Reporter(Room room) => new(room.Events, new(), new Microsoft.Extensions.Logging.Logger<Reporter>(room.Told));

    private static Verdict Verdict(params Decision[] decisions) => new(decisions, null);

    private static Decision.Hold Holding(HoldReason reason, string? detail = null) => new(Room.Resource, new("a"), reason, detail, [Room.App], Instant.Start, Overdue: true);

    private static async Task<int> EventsAsync(Room room)
    {
        await room.Events.RunAsync(new CancellationToken(true)).SoonAsync();
        return room.Kubernetes.Calls.Count;
    }
}
