using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Controller.Tests.Leadership;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

public sealed partial class StatusEndpointTests : StatusFixture
{
    [Fact]
    public async Task It_shows_the_leader_the_synced_sources_and_the_settings()
    {
        Hold.Follow("other");
        Apply(new Observation.SatellitesListed([], Instant.Start));
        var status = await AskAsync();
        Assert.Equal(("me", "other", false), (Text(status, "identity"), Text(status, "leadership", "holder"), status.GetProperty("leadership").GetProperty("leads").GetBoolean()));
        Assert.Equal("[\"Linstor\"]", Compact(status, "sources", "synced"));
        Assert.Equal("[\"Pods\",\"Volumes\",\"Attachments\",\"Nodes\",\"CsiNodes\"]", Compact(status, "sources", "silent"));
        Assert.Equal(20, status.GetProperty("settings").GetProperty("knownResourceGraceSeconds").GetDouble());

        Time.Advance(TimeSpan.FromSeconds(15));
        Hold.Answer("me");
        var leadership = (await AskAsync()).GetProperty("leadership");
        Assert.True(leadership.GetProperty("leads").GetBoolean());
        Assert.True(leadership.GetProperty("canDecide").GetBoolean());
        Assert.False(leadership.TryGetProperty("why", out _));
    }

    [Fact]
    public async Task It_shows_that_the_replica_cannot_decide_since_when_and_why()
    {
        Hold.Lead();
        Time.Advance(TimeSpan.FromSeconds(5));
        Hold.Synced(Elections.AllSources.Remove(Source.Linstor));
        Time.Advance(TimeSpan.FromSeconds(14.9));
        Assert.True((await AskAsync()).GetProperty("leadership").GetProperty("canDecide").GetBoolean());

        Time.Advance(TimeSpan.FromSeconds(0.1));
        var leadership = (await AskAsync()).GetProperty("leadership");
        Assert.Equal(
            (false, false, "Linstor silent since 2030-01-01T00:00:05Z", DateTimeOffset.Parse("2030-01-01T00:00:05Z", System.Globalization.CultureInfo.InvariantCulture)),
            (leadership.GetProperty("canDecide").GetBoolean(), leadership.GetProperty("leads").GetBoolean(), Text(leadership, "why"), leadership.GetProperty("cannotDecideSince").GetDateTimeOffset()));
    }

    [Fact]
    public async Task It_shows_which_LINSTOR_controller_is_used_and_its_trouble()
    {
        var sources = (await AskAsync()).GetProperty("sources");
        Assert.Equal(("http://linstor:3370", false), (Text(sources, "linstorController"), sources.TryGetProperty("linstorFault", out _)));
        Linstor = Linstor with { Fault = "It has no satellite that is ONLINE." };
        Assert.Equal("It has no satellite that is ONLINE.", Text(await AskAsync(), "sources", "linstorFault"));
    }

    [Fact]
    public async Task A_consumer_in_doubt_is_reported_with_the_reason_and_the_rest_of_its_grace_period()
    {
        ReportLoss();
        Time.Advance(TimeSpan.FromSeconds(5));
        var user = Assert.Single((await AskAsync()).GetProperty("inDoubt").EnumerateArray());
        Assert.Equal(("rd", "a", "app-0"), (Text(user, "resource"), Text(user, "node"), Text(user.GetProperty("pods")[0], "name")));
        Assert.Equal((20, 15), (user.GetProperty("graceSeconds").GetDouble(), user.GetProperty("graceLeftSeconds").GetDouble()));
        Assert.False(user.GetProperty("wouldAct").GetBoolean());
        var remark = Assert.Single(user.GetProperty("remarks").EnumerateArray());
        Assert.Equal(("GraceNotOver", "Leaving pod shop/app-0 on node a alone: it seems to have lost its storage, but the grace period is not over."), (Text(remark, "reason"), Text(remark, "sentence")));
    }

    [Fact]
    public async Task The_reason_that_will_keep_a_pod_in_place_is_given_while_its_grace_period_still_runs()
    {
        ReportLoss();
        Apply(new Observation.Updated<Pod>(ControlFixture.App with { OptedOut = true }));
        Time.Advance(TimeSpan.FromSeconds(5));
        var user = Assert.Single((await AskAsync()).GetProperty("inDoubt").EnumerateArray());
        Assert.Equal(15, user.GetProperty("graceLeftSeconds").GetDouble());
        Assert.Equal(
            [("OptedOut", false, "shop/app-0")],
            user.GetProperty("remarks").EnumerateArray().Select(remark => (Text(remark, "reason"), remark.GetProperty("overdue").GetBoolean(), remark.GetProperty("pods")[0].GetString())));

        Time.Advance(TimeSpan.FromSeconds(15));
        user = Assert.Single((await AskAsync()).GetProperty("inDoubt").EnumerateArray());
        Assert.Equal([("OptedOut", true)], user.GetProperty("remarks").EnumerateArray().Select(remark => (Text(remark, "reason"), remark.GetProperty("overdue").GetBoolean())));
    }

    [Fact]
    public async Task When_the_grace_period_is_over_and_LINSTOR_agrees_it_would_act()
    {
        ReportLoss();
        Time.Advance(TimeSpan.FromSeconds(21));
        Apply(ControlFixture.Satellites(Clock.Now, "a"), Report(), new Observation.PodsOnNodeListed(new("a"), [ControlFixture.App], [], Clock.Now));
        var user = Assert.Single((await AskAsync()).GetProperty("inDoubt").EnumerateArray());
        Assert.Equal(0, user.GetProperty("graceLeftSeconds").GetDouble());
        Assert.True(user.GetProperty("wouldAct").GetBoolean());
        Assert.Equal("[]", Compact(user, "remarks"));
    }

    [Fact]
    public async Task A_deletion_is_shown_with_its_evidence_and_what_LINSTOR_had_reported_of_every_replica()
    {
        ReportLoss();
        Time.Advance(TimeSpan.FromSeconds(20));
        var evidence = ControlFixture.Evidence with { Since = Clock.Now - TimeSpan.FromSeconds(20), Due = Clock.Now };
        var deletion = new Decision.DeletePod(ControlFixture.App, evidence);
        Apply(Report());
        Time.Advance(TimeSpan.FromSeconds(1));
        DecisionLog.Acting(Cluster, deletion);
        Time.Advance(TimeSpan.FromSeconds(7));
        DecisionLog.Answered(deletion, new(MutationOutcome.Accepted));

        var entry = Assert.Single((await AskAsync()).GetProperty("journal").EnumerateArray());
        Assert.Equal(("DeletePod", "Accepted", "u-pod"), (Text(entry, "kind"), Text(entry, "answer"), Text(entry, "uid")));
        var shown = entry.GetProperty("evidence");
        Assert.Equal(("a", "b", 1.0), (Text(shown, "lost"), Text(shown, "peer"), shown.GetProperty("askedSecondsBefore").GetDouble()));
        Assert.Equal(TimeSpan.FromSeconds(20), shown.GetProperty("due").GetDateTimeOffset() - shown.GetProperty("since").GetDateTimeOffset());
        Assert.Equal(TimeSpan.FromSeconds(1), shown.GetProperty("decidedAt").GetDateTimeOffset() - shown.GetProperty("due").GetDateTimeOffset());
        Assert.Equal(("majority", true), (Text(entry, "linstor", "quorum"), entry.GetProperty("linstor").GetProperty("fences").GetBoolean()));
        Assert.Equal(
            ["a Unknown", "b MayPromote a:False c:True", "c MayPromote a:False b:True"],
            entry.GetProperty("linstor").GetProperty("replicas").EnumerateArray().Select(replica =>
                string.Join(' ', [Text(replica, "node"), Text(replica, "promotability"), .. replica.GetProperty("connections").EnumerateArray().Select(link => $"{Text(link, "peer")}:{link.GetProperty("up").GetBoolean()}")])));
    }

    private async Task<JsonElement> AskAsync()
    {
        using var document = JsonDocument.Parse(await Http.GetStringAsync(new Uri("/status", UriKind.Relative)));
        return document.RootElement.Clone();
    }

    private static string? Text(JsonElement element, params string[] path) => path.Aggregate(element, (at, name) => at.GetProperty(name)).GetString();

    private static string Compact(JsonElement element, params string[] path) =>
        string.Concat(path.Aggregate(element, (at, name) => at.GetProperty(name)).GetRawText().Where(letter => !char.IsWhiteSpace(letter)));
}
