using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class SweepTests : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly ManualClock _time = new();
    private readonly Channel<Observation> _inbox = Inbox.Create();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, (string Status, string Body)> _answers = new() { ["/v1/nodes"] = ("200 OK", "[]") };
    private readonly CannedLinstor _linstor;
    private volatile string? _hanging;
    private volatile Action? _onNodes;
    private readonly Client _client;
    private ClusterSnapshot _cluster = ClusterSnapshot.Empty;
    private Sweep? _sweep;
    private Task _running = Task.CompletedTask;

    public SweepTests()
    {
        _linstor = new(AnswerAsync);
        _client = Client.Of(_linstor.Address);
    }

    [Fact]
    public async Task The_satellites_are_asked_for_in_each_round()
    {
        _answers["/v1/nodes"] = ("200 OK", """[{"name":"a","type":"SATELLITE","connection_status":"ONLINE"},{"name":"c","type":"CONTROLLER"}]""");
        Start();
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal("a", Assert.Single((await _inbox.NextAsync<Observation.SatellitesListed>()).Satellites).Name.Value);
            await NextRoundAsync();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(19)]
    [InlineData(20)]
    public async Task A_small_cluster_is_seen_whole_in_each_round(int resources)
    {
        InUse(resources);
        Start();
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(Names(resources), (await RoundAsync()).Order());
            await NextRoundAsync();
        }
    }

    [Fact]
    public async Task Volumes_that_share_a_resource_cost_one_question_and_those_that_nobody_uses_cost_none()
    {
        Tell(new Observation.Listed<Volume>([.. "123".Select(digit => new Volume($"pv-{digit}", null) { Resource = new("shared") }), new("idle", null) { Resource = new("idle") }, new("nfs", null)]));
        Tell(new Observation.Listed<Attachment>([.. ((string[])["pv-1", "pv-2", "pv-3", "nfs", "unknown"]).Select(volume => new Attachment(volume, new(volume), volume, new("a")))]));
        Start();
        Assert.Equal(["shared"], await RoundAsync());
    }

    [Fact]
    public async Task The_definitions_of_a_round_cost_one_question_and_what_is_not_in_the_answer_another()
    {
        InUse(3);
        _answers["/v1/resource-definitions?resource_definitions=r-0000&resource_definitions=r-0001&resource_definitions=r-0002"] =
            ("200 OK", """[{"name":"r-0000","props":{"DrbdOptions/Resource/quorum":"off"}},{"name":"r-0002","props":{"DrbdOptions/Resource/quorum":"all"}}]""");
        foreach (var name in Names(3))
        {
            _answers[$"/v1/resource-definitions/{name}/resources"] = ("200 OK", """[{"node_name":"a"}]""");
        }

        _answers["/v1/resource-definitions/r-0001"] = ("200 OK", """{"props":{"DrbdOptions/Resource/quorum":"majority"}}""");
        Start();
        await _inbox.NextAsync<Observation.SatellitesListed>();
        var policies = new Dictionary<string, string?>();
        for (var report = 0; report < 3; report++)
        {
            var reported = (await _inbox.NextAsync<Observation.Reported>()).Report;
            policies[reported.Resource.Value] = reported.Quorum.Policy;
        }

        Assert.Equal(["off", "majority", "all"], Names(3).Select(name => policies[name]));

        // Satellites, definitions, the one that was missing in the answer, three lists of resources, and what all of them inherit.
        Assert.Equal(7, _linstor.Requests.Count);
    }

    [Fact]
    public async Task Two_volumes_of_one_resource_do_not_make_a_round_longer()
    {
        InUse(1200);
        var volumes = Names(1200).SelectMany(name => (Volume[])[new($"pv-{name}", null) { Resource = new(name) }, new($"pv-{name}-1", null) { Resource = new(name) }]);
        Tell(new Observation.Listed<Volume>([.. volumes]));
        Tell(new Observation.Listed<Attachment>([.. _cluster.Volumes.All.Select(held => new Attachment(held.Item.Name, new(held.Item.Name), held.Item.Name, new("a")))]));
        Start();
        Assert.Equal(20, (await RoundAsync()).Count);
    }

    [Fact]
    public async Task A_nudge_starts_the_next_round_at_once()
    {
        Start();
        await _inbox.NextAsync<Observation.SatellitesListed>();
        await _time.RestingAsync(Interval, 1);
        _sweep!.Nudge();
        await _inbox.NextAsync<Observation.SatellitesListed>();
        await _time.RestingAsync(Interval, 2);
        Assert.False(_inbox.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Many_nudges_during_a_round_are_one()
    {
        _onNodes = () =>
        {
            _onNodes = null;
            for (var nudge = 0; nudge < 5; nudge++)
            {
                _sweep!.Nudge();
            }
        };
        Start();
        await _inbox.NextAsync<Observation.SatellitesListed>();
        await _inbox.NextAsync<Observation.SatellitesListed>();
        await _time.RestingAsync(Interval);
        Assert.Equal(2, _linstor.Requests.Count);
    }

    [Fact]
    public async Task One_resource_whose_request_hangs_delays_no_other_and_does_not_silence_LINSTOR()
    {
        InUse(12);
        _hanging = "/v1/resource-definitions/r-0003/resources";
        Start();
        Assert.Equal(Names(12).Where(name => name != "r-0003"), await ReportedAsync(11));
        await NextRoundAsync(LongestWait); // the round goes on without it

        Assert.Equal(Names(12).Where(name => name != "r-0003"), await ReportedAsync(11));
        Assert.DoesNotContain(_client.Told.Lines, line => line.Contains("does not answer;", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_definition_that_hangs_in_a_request_for_many_is_asked_for_by_itself_from_then_on()
    {
        InUse(3);
        _answers["/v1/resource-definitions/r-0001"] = ("200 OK", "{}");
        foreach (var name in Names(3))
        {
            _answers[$"/v1/resource-definitions/{name}/resources"] = ("200 OK", """[{"node_name":"a"}]""");
        }

        using var impatient = new Client(new LinstorSettings([_linstor.Address]), TimeSpan.FromSeconds(1));
        _hanging = "/v1/resource-definitions?resource_definitions=r-0000&resource_definitions=r-0001&resource_definitions=r-0002";
        Start(client: impatient);
        Assert.Equal(Names(3), await ReportedAsync(3));
        await NextRoundAsync();
        Assert.Equal(Names(3), await ReportedAsync(3));
        Assert.Single(_linstor.Requests, request => request.Path == _hanging);
    }

    [Fact]
    public async Task A_request_that_times_out_while_the_satellites_do_not_answer_either_is_LINSTORs_silence()
    {
        InUse(1);
        using var impatient = new Client(new LinstorSettings([_linstor.Address]), TimeSpan.FromSeconds(1));
        _hanging = "/v1/resource-definitions/r-0000/resources";
        Start(client: impatient);
        await _inbox.NextAsync<Observation.SatellitesListed>();
        _answers["/v1/nodes"] = ("503 Service Unavailable", "down");
        await _time.RestingAsync(FirstDelay);
        _time.Advance(FirstDelay);
        await _inbox.NextAsync<Observation.Silenced>();
    }

    [Fact]
    public async Task That_LINSTOR_does_not_answer_is_told_to_the_loop_each_time_and_to_people_once()
    {
        _answers["/v1/nodes"] = ("503 Service Unavailable", "down");
        Start();
        await _time.RestingAsync(FirstDelay);
        _time.Advance(FirstDelay);
        await _time.RestingAsync(2 * FirstDelay);
        _answers["/v1/nodes"] = ("200 OK", "[]");
        _time.Advance(2 * FirstDelay);
        await _time.RestingAsync(Interval);

        await _inbox.NextAsync<Observation.Silenced>();
        await _inbox.NextAsync<Observation.Silenced>();
        await _inbox.NextAsync<Observation.SatellitesListed>();
        Assert.Equal(2, _client.Told.Lines.Count);
        Assert.StartsWith("LINSTOR does not answer; nothing is decided until it does. ", _client.Told.Lines.First(), StringComparison.Ordinal);
        Assert.Equal("LINSTOR answers.", _client.Told.Lines.Last());
    }

    [Fact]
    public async Task One_unreadable_answer_does_not_silence_all()
    {
        InUse(3);
        _answers["/v1/resource-definitions/r-0001/resources"] = ("200 OK", "garbage");
        Start();
        Assert.Equal(["r-0000", "r-0002"], await RoundAsync());
        Assert.False(_inbox.Reader.TryRead(out _));
        Assert.StartsWith("LINSTOR's answer about resource r-0001 is of no use: ", Assert.Single(_client.Told.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_slept_says_first_that_nobody_asked_LINSTOR_meanwhile()
    {
        Start();
        await _inbox.NextAsync<Observation.SatellitesListed>();
        await _time.RestingAsync(Interval);
        _time.Advance(Interval); // as ever
        await _inbox.NextAsync<Observation.SatellitesListed>();
        await _time.RestingAsync(Interval, 2);

        _time.Sleep(TimeSpan.FromMinutes(5));
        _time.Advance(Interval);
        await _inbox.NextAsync<Observation.Silenced>();
        await _inbox.NextAsync<Observation.SatellitesListed>();
    }

    [Fact]
    public async Task A_full_inbox_does_not_keep_it_from_stopping()
    {
        while (_inbox.Writer.TryWrite(new Observation.Woken()))
        {
        }

        Start();
        await _stop.CancelAsync();
        await _running.CancelledAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running.SoonAsync());
        _client.Dispose();
        await _linstor.DisposeAsync();
        _stop.Dispose();
    }

    private static IEnumerable<string> Names(int count) => Enumerable.Range(0, count).Select(number => $"r-{number:0000}");

    private void Tell(Observation seen) => _cluster = _cluster.Apply(seen, Instant.Start);

    private void InUse(int count)
    {
        Tell(new Observation.Listed<Volume>([.. Names(count).Select(name => new Volume($"pv-{name}", null) { Resource = new(name) })]));
        Tell(new Observation.Listed<Attachment>([.. Names(count).Select(name => new Attachment(name, new(name), $"pv-{name}", new("a")))]));
    }

    private void Start(Client? client = null)
    {
        _sweep = new((client ?? _client).Linstor, () => _cluster, _inbox.Writer, Interval, _time, new Logger<Sweep>(_client.Told));
        _running = _sweep.RunAsync(_stop.Token);
    }

    private Task AnswerAsync(Exchange exchange)
    {
        if (exchange.Path is "/v1/nodes")
        {
            _onNodes?.Invoke();
        }

        return exchange.Path == _hanging ? exchange.HangAsync()
            : _answers.TryGetValue(exchange.Path, out var answer) ? exchange.AnswerAsync(answer.Body, answer.Status)
            : exchange.Path == LinstorConnection.VersionPath ? exchange.AnswerAsync(CannedLinstor.Version)
            : exchange.AnswerAsync("""[{"ret_code":-4611686018427387603,"message":"Not found."}]""", "404 Not Found");
    }

    /// <summary>The interval passes, of which a round may have used up a part in waiting for its answers.</summary>
    private async Task NextRoundAsync(TimeSpan waits = default)
    {
        if (waits > TimeSpan.Zero)
        {
            await _time.RestingAsync(waits);
            _time.Advance(waits);
        }

        await _time.RestingAsync(Interval - waits);
        _time.Advance(Interval - waits);
    }

    /// <summary>So many resources that are reported next, in order, after the list of satellites.</summary>
    private async Task<List<string>> ReportedAsync(int count)
    {
        await _inbox.NextAsync<Observation.SatellitesListed>();
        var reported = new List<string>();
        while (reported.Count < count)
        {
            reported.Add((await _inbox.NextAsync<Observation.Reported>()).Report.Resource.Value);
        }

        return [.. reported.Order()];
    }

    /// <summary>The resources that one round asked about.</summary>
    private async Task<List<string>> RoundAsync()
    {
        await _time.RestingAsync(Interval);
        await _inbox.NextAsync<Observation.SatellitesListed>();
        var asked = new List<string>();
        while (_inbox.Reader.TryPeek(out var next) && next is Observation.Reported)
        {
            asked.Add((await _inbox.NextAsync<Observation.Reported>()).Report.Resource.Value);
        }

        return [.. asked.Order()];
    }
}
