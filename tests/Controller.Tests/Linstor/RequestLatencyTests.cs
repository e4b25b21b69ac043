using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Controller.Tests.Endpoints;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class RequestLatencyTests : IAsyncDisposable
{
    private readonly string _meter = $"Tests.{Guid.NewGuid()}";
    private readonly MetricsReader _metrics;
    private readonly Instruments _instruments;
    private readonly TestTime _clock = new();
    private readonly LogCapture _log = new();
    private TimeSpan _takes;
    private string _status = "200 OK";

    public RequestLatencyTests() => (_metrics, _instruments) = (new(_meter), new(_log.CreateLogger<Instruments>(), _meter));

    [Fact]
    public async Task Every_request_is_measured_by_its_outcome()
    {
        foreach (var status in (string[])["200 OK", "404 Not Found", "401 Unauthorized", "302 Found", "500 Internal Server Error"])
        {
            _status = status;
            await QueryAsync(TimeSpan.FromSeconds(1.5));
        }

        using var unreachable = Connect(CannedLinstor.ClosedPort());
        await Assert.ThrowsAsync<LinstorException>(() => unreachable.GetAsync("/v1/x", default));

        var samples = await _metrics.SamplesAsync();
        string Sample(string kind, string outcome) => $"piraeus_ha_linstor_request_duration_seconds_{kind}{{outcome=\"{outcome}\"}}";
        foreach (var (outcome, count, sum) in ((string, double, double)[])[("ok", 1, 1.5), ("not_found", 1, 1.5), ("refused", 2, 3), ("server_error", 1, 1.5), ("unreachable", 1, 0)])
        {
            Assert.Equal((count, sum), (samples[Sample("count", outcome)], samples[Sample("sum", outcome)]));
        }
    }

    [Fact]
    public async Task A_request_that_runs_into_its_deadline_is_measured_as_timed_out()
    {
        await using var mute = CannedLinstor.Mute();
        using var connection = Connect(mute.Address);
        var request = connection.GetAsync("/v1/x", default);
        await _clock.RestingAsync(connection.Deadline);
        _clock.Advance(connection.Deadline);
        await Assert.ThrowsAsync<LinstorException>(() => request.SoonAsync());
        var samples = await _metrics.SamplesAsync();
        Assert.Equal(connection.Deadline.TotalSeconds, samples["piraeus_ha_linstor_request_duration_seconds_sum{outcome=\"timed_out\"}"]);
    }

    [Fact]
    public async Task That_answers_take_longer_than_a_second_is_logged_once_and_again_only_after_they_got_faster()
    {
        await using var server = Server();
        using var connection = Connect(server.Address);
        foreach (var seconds in (double[])[0.9, 0.9, 2, 2, 2, 0.8, 0.8, 2, 2])
        {
            await QueryAsync(connection, TimeSpan.FromSeconds(seconds));
        }

        Assert.Equal("LINSTOR is slow: its answers take 1.2 s on average. Failovers wait for them, and take as much longer.", Assert.Single(_log.Lines));

        for (var time = 0; time < 10; time++)
        {
            await QueryAsync(connection, TimeSpan.Zero);
        }

        await QueryAsync(connection, TimeSpan.FromSeconds(4.9));
        Assert.Equal(
            ["LINSTOR is slow: its", "LINSTOR is no longer slow: its", "LINSTOR is slow: its"], _log.Lines.Select(line => line[..(line.IndexOf(" its", StringComparison.Ordinal) + 4)]));
    }

    [Fact]
    public async Task A_single_hiccup_is_not_slowness()
    {
        await using var server = Server();
        using var connection = Connect(server.Address);
        await QueryAsync(connection, TimeSpan.Zero);
        await QueryAsync(connection, TimeSpan.FromSeconds(3.9));
        Assert.Empty(_log.Lines);
    }

    public ValueTask DisposeAsync()
    {
        _instruments.Dispose();
        return _metrics.DisposeAsync();
    }

    private LinstorConnection Connect(ControllerAddress address) => new(new LinstorSettings([address]), _clock, _log, _instruments);

    private CannedLinstor Server() => new(exchange =>
    {
        _clock.Advance(_takes);
        return exchange.AnswerAsync("{}", _status);
    });

    private async Task QueryAsync(TimeSpan takes)
    {
        await using var server = Server();
        using var connection = Connect(server.Address);
        await QueryAsync(connection, takes);
    }

    private async Task QueryAsync(LinstorConnection connection, TimeSpan takes)
    {
        _takes = takes;
        await connection.GetAsync("/v1/x", default);
    }
}
