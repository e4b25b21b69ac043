using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

/// <summary>The status as a page.</summary>
public sealed class StatusPageTests : StatusFixture
{
    [Fact]
    public async Task A_quiet_replica_says_so()
    {
        var page = await ReadAsync();
        string[] expected = ["<p><code>me</code> is on standby. No replica leads.", "<span class=\"bad\">It cannot decide: ", "Every volume in use is plainly well.", "No failover is in progress", "<a href=\"status\">status</a>"];
        Assert.All(expected, part => Assert.Contains(part, page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_volume_in_doubt_is_shown_with_its_pods_its_grace_period_and_what_follows()
    {
        ReportLoss(ControlFixture.App);
        Time.Advance(TimeSpan.FromSeconds(5));
        var page = await ReadAsync();
        Assert.Contains("<title>1 in doubt &#x2013; Piraeus HA controller</title>", page, StringComparison.Ordinal);
        Assert.Contains("<tr><td><code>a</code></td><td><code>rd</code></td><td><code>shop/app-0</code></td><td>00:00:00</td><td>15 s left</td><td>", page, StringComparison.Ordinal);
        Assert.Contains("<span class=\"quiet\">GraceNotOver</span>", page, StringComparison.Ordinal);

        Time.Advance(TimeSpan.FromSeconds(16));
        Apply(ControlFixture.Satellites(Clock.Now, "a"), Report(), new Observation.PodsOnNodeListed(new("a"), [ControlFixture.App], [], Clock.Now));
        Assert.Contains("<td>over</td><td><strong>would be moved</strong>", await ReadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_storm_is_an_alarm()
    {
        Place(ControlFixture.Satellites(Clock.Now), Report(), ControlFixture.App);
        Time.Advance(TimeSpan.FromSeconds(60));
        Apply(ControlFixture.Satellites(Clock.Now, "a", "b"));
        Assert.Contains("<p class=\"alarm\">Storm: 2 of 3 nodes were lost at once (a, b)", await ReadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_API_server_says_is_text_and_never_markup()
    {
        DecisionLog.Answered(ControlFixture.Delete, new(MutationOutcome.Refused, "<script>alert(1)</script>"));
        var page = await ReadAsync();
        Assert.Contains("Refused: &lt;script&gt;alert(1)&lt;/script&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
    }

    private async Task<string> ReadAsync()
    {
        using var answer = await Http.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Equal("text/html; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.StartsWith("default-src 'none'; ", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        return await answer.Content.ReadAsStringAsync();
    }
}
