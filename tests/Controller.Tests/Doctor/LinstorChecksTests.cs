using Piraeus.HighAvailability.Controller.Doctor;
using Piraeus.HighAvailability.Controller.Tests.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Doctor;

/// <summary>What the checks find out from LINSTOR.</summary>
public sealed class LinstorChecksTests
{
    [Fact]
    public async Task A_LINSTOR_with_all_satellites_and_a_living_stream_is_well()
    {
        await using var linstor = CannedLinstor.With(("/v1/nodes", CannedLinstor.Online), ("/v1/controller/version", CannedLinstor.Version));
        var findings = await RunAsync(linstor);
        Assert.StartsWith($"Ok: LINSTOR 1.34.0 answers at http://localhost:{linstor.Port}, in ", findings[0], StringComparison.Ordinal);
        Assert.Equal("Ok: All 1 satellites are ONLINE.", findings[1]);
    }

    [Fact]
    public async Task A_LINSTOR_that_reaches_no_satellite_may_be_the_wrong_one()
    {
        await using var linstor = CannedLinstor.With(
            ("/v1/nodes", """[{"name":"a","type":"SATELLITE","connection_status":"OFFLINE"},{"name":"b","type":"SATELLITE","connection_status":"OFFLINE","flags":["EVICTED"]}]"""), ("/v1/controller/version", CannedLinstor.Version));
        var findings = await RunAsync(linstor);
        Assert.Equal(
            [$"Failed: LINSTOR controller http://localhost:{linstor.Port} has no satellite that is ONLINE (2 OFFLINE).", "Warning: 2 of 2 satellites are not ONLINE: a, b (evicted)."], findings[1..3]);
    }

    [Fact]
    public async Task A_LINSTOR_that_is_away_fails_and_says_what_to_check()
    {
        await using var linstor = new CannedLinstor(exchange => exchange.AnswerAsync("", "503 Service Unavailable"));
        var findings = await RunAsync(linstor);
        Assert.StartsWith("Failed: LINSTOR does not answer: ", findings[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("event: may-promote-change\ndata: {\"resource_name\":\"rd\",\"node_name\":\"a\",\"may_promote\":true}\n\n", "Ok: LINSTOR's promotion events arrive.")]
    [InlineData("", "Failed: LINSTOR ended its stream of promotion events at once.")]
    [InlineData(null, "Failed: LINSTOR's promotion events cannot be read: ")]
    public async Task The_stream_is_tried(string? events, string expected)
    {
        await using var linstor = new CannedLinstor(async exchange =>
        {
            if (!exchange.Path.StartsWith("/v1/events", StringComparison.Ordinal))
            {
                await exchange.AnswerAsync(CannedLinstor.Online);
            }
            else if (events is null)
            {
                await exchange.AnswerAsync("", "500 Internal Server Error");
            }
            else
            {
                await exchange.OpenStreamAsync();
                await exchange.SendAsync(events);
            }
        });
        using var fixture = LinstorFixture.Of(linstor.Address);
        var findings = new Findings(Section.Linstor);
        await new LinstorChecks(fixture.Connection, fixture.Linstor, fixture.Stream, TimeProvider.System).EventsAsync(findings, TestContext.Current.CancellationToken);
        var found = Assert.Single(findings.Checks);
        Assert.StartsWith(expected, $"{found.Outcome}: {found.Message}", StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_LINSTOR_does_not_know_fails()
    {
        var cluster = ClusterSnapshot.Empty
            .Apply(new Observation.SatellitesListed([new(new("a"), SatelliteState.Online), new(new("linstor-b"), SatelliteState.Online)], Instant.Start), Instant.Start)
            .Apply(new Observation.Listed<CsiNode>([new(new("a"), new("a")), new(new("b"), new("linstor-b")), new(new("c"), new("c")), new(new("without-driver"), null)]), Instant.Start);
        var findings = new Findings(Section.Linstor);
        LinstorChecks.Nodes(findings, cluster);
        Assert.Equal("LINSTOR knows no satellite for node c.", Assert.Single(findings.Checks).Message);
    }

    private static async Task<string[]> RunAsync(CannedLinstor server)
    {
        using var fixture = LinstorFixture.Of(server.Address);
        var findings = new Findings(Section.Linstor);
        await new LinstorChecks(fixture.Connection, fixture.Linstor, fixture.Stream, TimeProvider.System).AnswersAsync(findings, TestContext.Current.CancellationToken);
        return [.. findings.Checks.Select(check => $"{check.Outcome}: {check.Message}")];
    }
}
