using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Linstor.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>What a report costs LINSTOR, and how old it is.</summary>
public sealed class ReportFreshnessTests
{
    private const string List = "/v1/resource-definitions";
    private const string Group = "/v1/resource-groups/sc";
    private const string Other = "/v1/resource-groups/other";
    private const string Controller = "/v1/controller/properties";

    private readonly TestTime _clock = new();
    private string _group = "sc";

    [Fact]
    public async Task Everything_that_a_report_needs_is_asked_for_at_once_when_the_group_is_known()
    {
        var (needed, asked, all) = (0, 0, new TaskCompletionSource());
        await using var server = new CannedLinstor(async exchange =>
        {
            if (Volatile.Read(ref needed) > 0)
            {
                if (Interlocked.Increment(ref asked) == needed)
                {
                    all.SetResult();
                }

                await Task.WhenAny(all.Task, exchange.HangAsync()); // answers only when all four have been asked for
            }

            await AnswerAsync(exchange);
        });
        using var client = Of(server);
        await client.Linstor.ReportAsync(new("r"), default);
        _clock.Advance(TimeSpan.FromSeconds(10));

        needed = 4;
        Assert.Equal(new("majority", null), (await client.Linstor.ReportAsync(new("r"), default).SoonAsync()).QuorumProperties);
    }

    [Fact]
    public async Task A_definition_that_is_in_another_group_now_goes_by_that_one()
    {
        await using var server = new CannedLinstor(AnswerAsync);
        using var client = Of(server);
        await client.Linstor.ReportAsync(new("r"), default);

        _group = "other";
        Assert.Equal(new("off", null), (await client.Linstor.ReportAsync(new("r"), default)).QuorumProperties);
    }

    [Fact]
    public async Task A_thousand_reports_at_once_read_their_group_and_the_LINSTOR_controllers_properties_once()
    {
        await using var server = new CannedLinstor(AnswerAsync);
        using var client = Of(server);
        await Parallel.ForAsync(0, 1000, async (number, stop) => await client.Linstor.ReportAsync(new($"r-{number}"), stop));
        Assert.Equal((1, 1), (server.Requests.Count(request => request.Path == Group), server.Requests.Count(request => request.Path == Controller)));
    }

    [Fact]
    public async Task Inherited_properties_are_shared_for_one_second_after_they_were_asked_for_and_a_report_says_how_old_they_are()
    {
        await using var server = new CannedLinstor(AnswerAsync);
        using var client = Of(server);
        await client.Linstor.ReportAsync(new("r"), default);

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Instant.Start, (await client.Linstor.ReportAsync(new("r"), default)).PropertiesAskedAt);

        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(Instant.Start + TimeSpan.FromSeconds(1.1), (await client.Linstor.ReportAsync(new("r"), default)).PropertiesAskedAt);
        Assert.Equal((2, 2), (server.Requests.Count(request => request.Path == Group), server.Requests.Count(request => request.Path == Controller)));
    }

    [Fact]
    public async Task One_caller_that_gives_up_does_not_end_a_shared_reading()
    {
        using var impatient = new CancellationTokenSource();
        var (asked, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = new CannedLinstor(async exchange =>
        {
            if (exchange.Path == Controller)
            {
                asked.SetResult();
                await release.Task;
            }

            await AnswerAsync(exchange);
        });
        using var client = Of(server);
        var first = client.Linstor.ReportAsync(new("r"), impatient.Token);
        await asked.Task.SoonAsync();
        var second = client.Linstor.ReportAsync(new("s"), default);
        await impatient.CancelAsync();
        await first.CancelledAsync();
        release.SetResult();
        Assert.False((await second.SoonAsync()).AllowsTwoPrimaries);
    }

    [Fact]
    public async Task A_report_is_as_old_as_its_requests_and_not_as_its_answers()
    {
        await using var server = new CannedLinstor(exchange =>
        {
            _clock.Advance(TimeSpan.FromSeconds(3));
            return AnswerAsync(exchange);
        });
        using var client = Of(server);
        Assert.Equal(Instant.Start, (await client.Linstor.ReportAsync(new("r"), default)).AskedAt);
    }

    [Fact]
    public async Task Definitions_that_are_read_together_cost_one_request()
    {
        await using var server = CannedLinstor.With((List + "?resource_definitions=own&resource_definitions=inherits&resource_definitions=gone", """
            [{"name":"Own","uuid":"u-1"},{"name":"inherits","resource_group_name":"sc"},{"name":null},null]
            """));
        using var client = Of(server);
        var definitions = await client.Linstor.DefinitionsAsync([new("own"), new("inherits"), new("gone")], default);
        Assert.Equal((2, "u-1", "sc", 1), (definitions.Count, definitions[new("own")].Value?.Uuid, definitions[new("inherits")].Value?.ResourceGroupName, server.Requests.Count));
    }

    [Fact]
    public async Task However_many_definitions_are_read_together_the_address_stays_short()
    {
        await using var server = new CannedLinstor(exchange => exchange.AnswerAsync("[]"));
        using var client = Of(server);
        await client.Linstor.DefinitionsAsync(Enumerable.Range(0, 120).Select(number => new ResourceName($"{number:d48}")), default);
        Assert.Equal(3, server.Requests.Count);
        Assert.All(server.Requests, request => Assert.True(request.Path.Length < 4096));
    }

    [Fact]
    public async Task A_report_says_how_old_the_definition_in_it_is()
    {
        await using var server = new CannedLinstor(AnswerAsync);
        using var client = Of(server);
        _clock.Advance(TimeSpan.FromSeconds(9));
        var asked = Instant.Start + TimeSpan.FromSeconds(7);
        var definition = new WireDefinition { ResourceGroupName = "sc", Uuid = "u-1" };

        var report = await client.Linstor.ReportAsync(new("r"), new ReadResult<WireDefinition>(definition, null, asked), default);

        Assert.Equal((new QuorumProperties("majority", null), asked, "u-1"), (report.QuorumProperties, report.PropertiesAskedAt!.Value, report.Uuid));
    }

    private LinstorFixture Of(CannedLinstor server) => new(new LinstorSettings([server.Address]), TimeSpan.FromHours(1), _clock);

    private Task AnswerAsync(Exchange exchange) => exchange.AnswerAsync(exchange.Path switch
    {
        Group => """{"props":{"DrbdOptions/Resource/quorum":"majority"}}""",
        Other => """{"props":{"DrbdOptions/Resource/quorum":"off"}}""",
        Controller => "{}",
        { } path when path.EndsWith("/resources", StringComparison.Ordinal) => """[{"node_name":"a"}]""",
        _ => $$"""{"resource_group_name":"{{_group}}"}""",
    });
}
