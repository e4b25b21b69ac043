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

    private readonly ManualClock _time = new();
    private readonly Channel<Observation> _inbox = Inbox.Create();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, (string Status, string Body)> _answers = new() { ["/v1/nodes"] = ("200 OK", "[]") };
    private readonly CannedLinstor _linstor;
    private readonly Client _client;
    private ClusterSnapshot _cluster = ClusterSnapshot.Empty;
    private Sweep? _sweep;
    private Task _running = Task.CompletedTask;

    public SweepTests()
    {
        _linstor = new(exchange => _answers.TryGetValue(exchange.Path, out var answer) ? exchange.AnswerAsync(answer.Body, answer.Status)
            : exchange.Path == LinstorConnection.VersionPath ? exchange.AnswerAsync(CannedLinstor.Version)
            : exchange.AnswerAsync("""[{"ret_code":-4611686018427387603,"message":"Not found."}]""", "404 Not Found"));
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

    [Theory]
    [InlineData(21, 20, 2)]
    [InlineData(45, 20, 3)]
    [InlineData(1201, 21, 58)]
    public async Task A_large_one_is_seen_whole_within_sixty_rounds_of_the_same_size(int resources, int size, int rounds)
    {
        InUse(resources);
        Start();
        var seen = new List<string>();
        for (var round = 0; round < rounds; round++)
        {
            var slice = await RoundAsync();
            Assert.Equal(size, slice.Count);
            Assert.Equal(size, slice.Distinct().Count());
            seen.AddRange(slice);
            await NextRoundAsync();
        }

        Assert.InRange(rounds, 1, 60);
        Assert.Equal(Names(resources), seen.Distinct().Order());
    }

    [Fact]
    public async Task What_is_used_on_a_node_whose_satellite_is_not_online_is_asked_about_first_and_beside_the_others()
    {
        InUse(100);
        Tell(new Observation.Seen<Attachment>(new("r-0050", new("r-0050"), "pv-r-0050", new("lost"))));
        Tell(new Observation.SatellitesListed([new(new("a"), SatelliteState.Online), new(new("lost"), SatelliteState.Offline)], Instant.Start));
        Start();
        Assert.Equal(["r-0050", .. Names(20)], await RoundAsync());
        await NextRoundAsync();
        Assert.Equal(["r-0050", .. Names(40).Skip(20)], await RoundAsync());
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
        foreach (var policy in (string[])["off", "majority", "all"])
        {
            Assert.Equal(policy, (await _inbox.NextAsync<Observation.Reported>()).Report.Quorum.Policy);
        }

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
    public async Task Many_nudges_before_the_first_round_are_one()
    {
        Start(nudges: 5);
        await _time.RestingAsync(Interval, 2);
        await _inbox.NextAsync<Observation.SatellitesListed>();
        await _inbox.NextAsync<Observation.SatellitesListed>();
        Assert.Equal(2, _linstor.Requests.Count);
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
    public async Task It_asks_a_LINSTOR_that_is_away_less_and_less_often_but_at_least_once_an_interval()
    {
        _answers["/v1/nodes"] = ("503 Service Unavailable", "down");
        Start();
        foreach (var seconds in (double[])[0.5, 1, 2, 4, 8, 10, 10])
        {
            await _time.RestingAsync(TimeSpan.FromSeconds(seconds));
            _time.Advance(TimeSpan.FromSeconds(seconds));
        }
    }

    [Fact]
    public async Task However_short_the_interval_a_LINSTOR_that_is_away_is_not_stormed()
    {
        _answers["/v1/nodes"] = ("503 Service Unavailable", "down");
        Start(interval: TimeSpan.FromMilliseconds(1));
        for (var time = 1; time <= 3; time++)
        {
            await _time.RestingAsync(FirstDelay, time);
            _time.Advance(FirstDelay);
        }
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

    private void Start(TimeSpan? interval = null, int nudges = 0)
    {
        _sweep = new(_client.Linstor, () => _cluster, _inbox.Writer, interval ?? Interval, _time, new Logger<Sweep>(_client.Told));
        for (var nudge = 0; nudge < nudges; nudge++)
        {
            _sweep.Nudge();
        }

        _running = _sweep.RunAsync(_stop.Token);
    }

    private async Task NextRoundAsync()
    {
        await _time.RestingAsync(Interval);
        _time.Advance(Interval);
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

        return asked;
    }
}
