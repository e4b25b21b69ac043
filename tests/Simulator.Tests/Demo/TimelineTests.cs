using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Demo;
using static Piraeus.HighAvailability.Simulator.Tests.Demo.DemoViews;

namespace Piraeus.HighAvailability.Simulator.Tests.Demo;

/// <summary>Which states the timeline shows, and since when.</summary>
public sealed class TimelineTests
{
    private readonly Timeline _timeline = new();

    [Fact]
    public void A_pod_runs_is_lost_gone_attaching_starting_and_runs_again()
    {
        Record(1, Pod("u-1", "node-a", works: true));
        Record(2, Pod("u-1", "node-a", works: true)); // nothing new
        Record(3, Pod("u-1", "node-a", works: false));
        Record(4, pod: null);
        Record(5, Pod("u-2", "node-b", works: false));
        Record(6, Pod("u-2", "node-b", works: false), new AttachmentView("csi-1", "data-db-0", "node-b", Attached: true, Deleting: false));
        Record(7, Pod("u-2", "node-b", works: true));
        Assert.Equal("running 1-3, lost 3-4, gone 4-5, attaching 5-6, starting 6-7, running 7-", Spans("db-0"));
    }

    [Fact]
    public void A_resource_is_in_use_idle_or_lost_and_LINSTOR_and_the_leader_have_lanes()
    {
        _timeline.Record(Storage(1, Device("Primary", quorate: true), linstorRuns: true, holder: null), Doubt());
        _timeline.Record(Storage(2, Device("Secondary", quorate: true), linstorRuns: false, holder: "controller-1"), Doubt());
        _timeline.Record(Storage(3, Device("Secondary", quorate: false), linstorRuns: true, holder: "controller-2"), Doubt());
        Assert.Equal("in use 1-2, idle 2-3, lost 3-", Spans("pvc-db"));
        Assert.Equal("running 1-2, away 2-3, running 3-", Spans("LINSTOR"));
        Assert.Equal("none 1-2, controller-1 2-3, controller-2 3-", Spans("leader"));
    }

    [Fact]
    public void Only_the_latest_changes_are_kept()
    {
        for (var at = 0; at < 1000; at++)
        {
            Record(at, Pod("u-1", "node-a", works: at % 2 == 0));
        }

        var spans = _timeline.Lanes.Single(lane => lane.Name == "db-0").Spans;
        Assert.Equal((200, 999.0), (spans.Count, spans[^1].From));
    }

    [Fact]
    public void No_grace_period_runs_for_a_pod_that_stays_in_any_case()
    {
        Record(1, Pod("u-1", "node-a", works: true));
        _timeline.Record(Cluster(2, Pod("u-1", "node-a", works: false)), Doubt(Consumer("db-0", "pvc-db", 4, Remark("OptedOut", "db-0", "it is annotated."))));
        Assert.Equal("running 1-2, lost 2-", Spans("db-0"));
    }

    [Fact]
    public void What_is_decided_stays_decided_while_the_request_is_under_way()
    {
        Record(1, Pod("u-1", "node-a", works: true));
        RecordDoubt(2, graceLeft: null);
        RecordDoubt(3, graceLeft: 4);
        RecordDoubt(4, graceLeft: 0, wouldAct: true);
        RecordDoubt(5, graceLeft: 0);
        Record(6, pod: null);
        Assert.Equal("running 1-2, lost 2-3, grace 3-4, decided 4-6, gone 6-", Spans("db-0"));

        void RecordDoubt(double at, double? graceLeft, bool wouldAct = false) => _timeline.Record(
            Cluster(at, Pod("u-1", "node-a", works: false)), Doubt(Consumer("db-0", "pvc-db", graceLeft) with { WouldAct = wouldAct }));
    }

    [Fact]
    public void The_volume_whose_grace_period_runs_counts_whichever_is_named_first()
    {
        Record(1, Pod("u-1", "node-a", works: true));
        _timeline.Record(Cluster(2, Pod("u-1", "node-a", works: false)), Doubt(Consumer("db-0", "pvc-log", null, Remark("NothingMayPromote", "db-0", "nothing may.")), Consumer("db-0", "pvc-db", 4)));
        Assert.Equal("running 1-2, grace 2-", Spans("db-0"));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void What_a_standby_knows_or_a_frozen_leader_knew_decides_nothing(bool leads, bool isStale)
    {
        Record(1, Pod("u-1", "node-a", works: true));
        var doubt = Doubt(Consumer("db-0", "pvc-db", 0) with { WouldAct = true });
        _timeline.Record(Cluster(2, Pod("u-1", "node-a", works: false)), doubt with { Leads = leads, IsStale = isStale });
        Assert.Equal("running 1-2, lost 2-", Spans("db-0"));
    }

    [Fact]
    public void A_pod_that_is_added_is_starting_and_a_pod_that_should_no_longer_exist_has_no_lane()
    {
        Record(1, pod: null);
        Record(2, Pod("u-1", "node-a", works: false));
        Record(3, Pod("u-1", "node-a", works: true));
        Assert.Equal("starting 1-3, running 3-", Spans("db-0"));
        _timeline.Record(Cluster(4) with { Workloads = [new("default/other-0", "")] }, Doubt());
        Assert.Equal(["default/other-0", "LINSTOR", "leader"], _timeline.Lanes.Select(lane => lane.Name));
    }

    private void Record(double at, PodView? pod, params IReadOnlyList<AttachmentView> attachments) =>
        _timeline.Record(Cluster(at, pod is null ? [] : [pod]) with { Attachments = attachments }, Doubt());

    private static DoubtView Doubt(params WireUser[] inDoubt) =>
        Piraeus.HighAvailability.Demo.Doubt.Of([new("controller-1", 1, "running", Leads: true, "", Status(10, inDoubt: inDoubt), 10, IsStale: false)], []);

    private static WorldView Storage(double at, DeviceView device, bool linstorRuns, string? holder) => Cluster(at) with { Nodes = [Node("node-a", [device])], LinstorRuns = linstorRuns, Holder = holder };

    private static DeviceView Device(string role, bool quorate) => DemoViews.Device("pvc-db", role, writes: role == "Primary", quorate);

    private string Spans(string lane) => string.Join(", ", _timeline.Lanes.Single(one => one.Name == lane).Spans.Select(span => $"{span.State} {span.From}-{span.To}"));
}
