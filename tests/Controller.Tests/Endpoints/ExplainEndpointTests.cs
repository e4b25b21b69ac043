using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Explaining;
using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Controller.Tests.Leadership;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

/// <summary>What <c>/explain</c> answers about a pod, a volume and a node.</summary>
public sealed partial class ExplainEndpointTests : StatusFixture
{
    [Fact]
    public async Task A_pod_whose_storage_is_well_has_all_its_storage()
    {
        Show(ControlFixture.App);
        Assert.Equal("Pod shop/app-0 has its storage: nothing suggests a loss.", (await AskAsync("pods/shop/app-0")).Summary);
    }

    [Fact]
    public async Task A_pod_in_its_grace_period_waits_and_the_rest_is_told()
    {
        ReportLoss(ControlFixture.App);
        Time.Advance(TimeSpan.FromSeconds(5));
        var explained = await AskAsync("pods/shop/app-0");
        var use = Assert.Single(explained.Uses);
        Assert.Equal((UseState.Waits, 8, 15.0, "shop/data", "rd"), (use.State, use.Rule, use.InDoubt!.GraceLeftSeconds, use.Claim, use.Resource));
        Assert.Equal("Leaving pod shop/app-0 on node a alone: it seems to have lost its storage, but the grace period is not over.", explained.Summary);
        Assert.Equal(["a", "b", "c"], use.Linstor!.Replicas.Select(replica => replica.Node));
        var text = ExplanationText.Of(explained);
        Assert.Contains("  Grace period: 15 s of 20 s are left.\n", text, StringComparison.Ordinal);
        Assert.Contains("    b  may promote, score 10102, links: a down c up, since ", text, StringComparison.Ordinal);
        Assert.Contains("clause 8 of docs/safety.md", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_that_opted_out_is_held_for_that_and_the_annotation_is_named()
    {
        ReportLoss(ControlFixture.App with { OptedOut = true });
        Time.Advance(TimeSpan.FromSeconds(30));
        Apply(Report());
        var explained = await AskAsync("pods/shop/app-0");
        Assert.Equal((UseState.Held, null), (Assert.Single(explained.Uses).State, explained.Uses[0].Rule));
        Assert.Equal("Leaving pod shop/app-0 on node a alone: it carries the annotation drbd.linbit.com/ignore-fail-over.", explained.Summary);
        Assert.Contains("It carries the annotation drbd.linbit.com/ignore-fail-over, so it is never moved.", explained.Facts);
    }

    [Fact]
    public async Task A_pod_that_is_being_moved_says_so_for_pod_volume_and_node()
    {
        ReportLoss(ControlFixture.App);
        Time.Advance(TimeSpan.FromSeconds(21));
        Apply(ControlFixture.Satellites(Clock.Now, "a"), Report(), new Observation.PodsOnNodeListed(new("a"), [ControlFixture.App], [], Clock.Now));
        foreach (var path in (string[])["pods/shop/app-0", "volumes/pv", "nodes/a"])
        {
            var explained = await AskAsync(path);
            Assert.Equal("Node a has lost resource rd: the leader moves what uses it there.", explained.Summary);
            Assert.Equal(UseState.Moves, Assert.Single(explained.Uses).State);
        }

        Assert.Contains("LINSTOR calls it a; its satellite is OFFLINE.", (await AskAsync("nodes/a")).Facts);
    }

    [Fact]
    public async Task Of_two_pods_that_use_a_lost_volume_each_is_told_what_follows_for_itself()
    {
        var kept = ControlFixture.App with { Key = new("shop", "app-1"), Uid = new("u-kept"), OptedOut = true };
        ReportLoss(ControlFixture.App, kept);
        Time.Advance(TimeSpan.FromSeconds(21));
        Assert.StartsWith("Leaving pods shop/app-0, shop/app-1 on node a alone: ", (await AskAsync("pods/shop/app-0")).Summary, StringComparison.Ordinal);
        Apply(ControlFixture.Satellites(Clock.Now, "a"), Report(), new Observation.PodsOnNodeListed(new("a"), [ControlFixture.App, kept], [], Clock.Now));
        Assert.Equal("Node a has lost resource rd: the leader moves what uses it there.", (await AskAsync("pods/shop/app-0")).Summary);
        Assert.Equal("Leaving pod shop/app-1 on node a alone: it carries the annotation drbd.linbit.com/ignore-fail-over.", (await AskAsync("pods/shop/app-1")).Summary);
    }

    [Fact]
    public async Task What_was_done_is_told_with_its_proof_and_a_name_is_a_whole_word()
    {
        ReportLoss(ControlFixture.App);
        DecisionLog.Acting(Cluster, ControlFixture.Delete);
        DecisionLog.Answered(ControlFixture.Delete, new(MutationOutcome.Accepted));
        var other = ControlFixture.App with { Key = new("shop", "app-00") };
        DecisionLog.Answered(new Decision.DeletePod(other, ControlFixture.Evidence), new(MutationOutcome.Accepted));
        var entry = Assert.Single((await AskAsync("pods/shop/app-0")).Journal);
        Assert.Equal(("DeletePod", "u-pod", "rd"), (entry.Kind, entry.Uid, entry.Evidence!.Resource));
        Assert.Equal(2, (await AskAsync("nodes/a")).Journal.Count);
    }

    [Fact]
    public async Task What_was_done_before_is_told_with_its_day_and_the_replica_that_did_it()
    {
        Show(ControlFixture.App);
        History = ([Stored("me", 8, Time.GetUtcNow().AddDays(-1)), Stored("other", 1, Time.GetUtcNow().AddDays(-1)), Stored("other", 2, Time.GetUtcNow().AddDays(-1)) with { About = "pod shop/app-00", Sentence = "Deleting pod shop/app-00." }], null);
        DecisionLog.Followed("pod shop/app-0", "Pod shop/app-0 runs elsewhere.");
        var explained = await AskAsync("pods/shop/app-0");
        Assert.Equal([("me", 8), ("other", 1), (null, 1)], explained.Journal.Select(entry => (entry.Replica, (int)entry.Number)));
        var text = ExplanationText.Of(explained);
        Assert.Contains("\n  2029-12-31 00:00:00.0Z  other: Deleting pod shop/app-0.\n", text, StringComparison.Ordinal);
        Assert.Contains("\n  00:00:00.0Z  Pod shop/app-0 runs elsewhere.\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_this_replica_remembers_and_has_stored_is_told_once()
    {
        Show(ControlFixture.App);
        DecisionLog.Followed("pod shop/app-0", "Pod shop/app-0 runs elsewhere.");
        Time.Advance(TimeSpan.FromMinutes(1));
        History = ([Stored("me", 1, Time.GetUtcNow().AddMinutes(-1)), Stored("me", 1, Time.GetUtcNow().AddMinutes(-2)), Stored("other", 1, Time.GetUtcNow().AddMinutes(-1))], null);
        Assert.Equal([("me", -2), ("other", -1), (null, -1)], (await AskAsync("pods/shop/app-0")).Journal.Select(entry => (entry.Replica, (int)(entry.At - Time.GetUtcNow()).TotalMinutes)));
    }

    [Theory]
    [InlineData("pods/shop/gone", "pod shop/gone")]
    [InlineData("volumes/gone", "volume gone")]
    [InlineData("nodes/gone", "node gone")]
    public async Task What_is_gone_is_explained_by_what_was_done_about_it(string path, string about)
    {
        Show(ControlFixture.App);
        History = ([Stored("other", 1, Time.GetUtcNow()) with { About = about, Sentence = $"Deleting {about}: it has lost resource gone." }], null);
        var explained = await AskAsync(path);
        Assert.Equal((about, $"There is no {about} any more. What was done about it:"), (explained.About, explained.Summary));
        Assert.Single(explained.Journal);
    }

    [Fact]
    public async Task A_history_that_cannot_be_read_is_no_reason_not_to_answer()
    {
        Show(ControlFixture.App);
        History = ([], "What was done earlier cannot be read: no answer");
        Assert.Contains("What was done earlier cannot be read: no answer", (await AskAsync("pods/shop/app-0")).Facts);
    }

    [Theory]
    [InlineData("pods/shop/none", "no pod shop/none with labels linstor.csi.linbit.com/on-storage-lost=remove is known: it does not exist, or its labels do not match, so it is never moved")]
    [InlineData("volumes/none", "no PersistentVolume none is known")]
    [InlineData("nodes/none", "no node none is known")]
    [InlineData("nodes/lost", "no node lost is known")] // a word of every sentence
    public async Task What_is_not_known_is_said_in_one_line(string path, string message)
    {
        Show(ControlFixture.App);
        History = ([Stored("other", 1, Time.GetUtcNow()) with { Sentence = "Deleting pod shop/app-0: it has lost resource rd." }], null);
        using var answer = await Http.GetAsync(new Uri($"/explain/{path}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(message, JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(), StatusJson.Default.WireProblem)!.Message);
    }

    [Fact]
    public async Task Without_the_history_what_is_not_known_may_have_been_moved()
    {
        Show(ControlFixture.App);
        History = ([], "What was done earlier cannot be read: no answer");
        using var answer = await Http.GetAsync(new Uri("/explain/volumes/none", UriKind.Relative));
        Assert.Equal("no PersistentVolume none is known. What was done earlier cannot be read: no answer", JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(), StatusJson.Default.WireProblem)!.Message);
    }

    [Fact]
    public async Task A_replica_that_does_not_lead_or_cannot_decide_says_so()
    {
        Show(ControlFixture.App);
        Hold.Follow("other");
        Assert.Contains("(it does not lead: another replica acts)", ExplanationText.Of(await AskAsync("pods/shop/app-0")), StringComparison.Ordinal);
    }

    // docs/safety.md lists under each clause the reasons that hold with it. A reason that stands under two belongs to the first, unless one of them is about more than it.
    [Fact]
    public async Task Each_reason_belongs_to_the_clause_of_the_safety_argument_that_names_it()
    {
        var clause = 0;
        var named = new Dictionary<HoldReason, List<int>>();
        foreach (var line in await File.ReadAllLinesAsync(Repository.File("docs/safety.md"), TestContext.Current.CancellationToken))
        {
            clause = Clause().Match(line) is { Success: true } heading ? int.Parse(heading.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : clause;
            foreach (Match reason in line.StartsWith("*Holds with*", StringComparison.Ordinal) ? Reason().Matches(line.Split("*Code:*")[0]) : (IEnumerable<Match>)[])
            {
                var key = Enum.Parse<HoldReason>(reason.Groups[1].Value);
                (named.TryGetValue(key, out var clauses) ? clauses : named[key] = []).Add(clause);
            }
        }

        Assert.Equal(named.Keys.Order(), Enum.GetValues<HoldReason>().Where(reason => Explainer.RuleOf(reason) is not null).Order());
        Assert.All(named, one => Assert.Equal(one.Value[0], Explainer.RuleOf(one.Key)));
    }

    private void Show(Pod pod)
    {
        Replica Speaks(string node, Usage usage) => new(new(node)) { Promotability = Promotability.MayNotPromote, Usage = usage, Score = 10103, Connections = [.. ((string[])["a", "b", "c"]).Where(other => other != node).Select(other => new Connection(other, Up: true))] };
        var report = new ResourceReport(ControlFixture.Resource, true, [Speaks("a", Usage.InUse), Speaks("b", Usage.Unused), Speaks("c", Usage.Unused)], Clock.Now) { QuorumProperties = new("majority", null), AllowsTwoPrimaries = false };
        Place(ControlFixture.Satellites(Clock.Now), new Observation.ResourceReported(report), pod);
    }

    private static WireEntry Stored(string replica, long number, DateTimeOffset at) =>
        new(number, at, "DeletePod", "pod shop/app-0", "Deleting pod shop/app-0.", null, null, false, null, null, null, null) { Replica = replica };

    private async Task<WireExplanation> AskAsync(string path) =>
        JsonSerializer.Deserialize(await Http.GetStringAsync(new Uri($"/explain/{path}", UriKind.Relative)), StatusJson.Default.WireExplanation)!;

    [GeneratedRegex(@"^### (\d+)\. ")]
    private static partial Regex Clause();

    [GeneratedRegex("`([A-Za-z]+)`")]
    private static partial Regex Reason();
}
