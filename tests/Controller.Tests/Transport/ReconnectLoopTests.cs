using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Tests.Transport;

public sealed class ReconnectLoopTests
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly TestTime _clock = new();
    private readonly List<LogLevel> _levels = [];
    private int _connections;
    private int _ends;

    [Fact]
    public async Task A_connection_that_ends_is_opened_again_after_a_pause_that_grows()
    {
        using var stop = new CancellationTokenSource();
        var running = Persist().RunAsync(_ => throw new HttpRequestException("refused"), stop.Token);
        foreach (var longest in (double[])[0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15, 15])
        {
            await _clock.RestingAsync(TimeSpan.FromSeconds(longest / 2), TimeSpan.FromSeconds(longest));
            _clock.AdvanceToNext();
        }

        await _clock.RestingAsync(LongestPause / 2, LongestPause);
        Assert.Equal(9, _ends);
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Fact]
    public async Task A_repeated_message_is_logged_once_and_a_new_one_is_logged()
    {
        using var stop = new CancellationTokenSource();
        string[] reasons = ["refused", "refused", "reset", "refused"];
        var running = Persist().RunAsync(_ => throw new HttpRequestException(reasons[Math.Min(_connections++, 3)]), stop.Token);
        for (var end = 1; end < 5; end++)
        {
            await _clock.RestingAsync(TimeSpan.Zero, LongestPause);
            _clock.AdvanceToNext();
        }

        await _clock.RestingAsync(TimeSpan.Zero, LongestPause);
        Assert.Equal([LogLevel.Warning, LogLevel.Debug, LogLevel.Warning, LogLevel.Warning, LogLevel.Debug], _levels);
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Fact]
    public async Task A_connection_that_was_well_for_long_is_soon_opened_again_and_its_end_is_news()
    {
        using var stop = new CancellationTokenSource();
        var running = Persist().RunAsync(_ =>
        {
            _clock.Advance(TimeSpan.FromMinutes(_connections++ == 3 ? 2 : 0));
            throw new IOException("reset");
        }, stop.Token);
        foreach (var longest in (double[])[0.4, 0.8, 1.6])
        {
            await _clock.RestingAsync(TimeSpan.FromSeconds(longest / 2), TimeSpan.FromSeconds(longest));
            _clock.AdvanceToNext();
        }

        await _clock.RestingAsync(TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(0.2));
        Assert.Equal([LogLevel.Warning, LogLevel.Debug, LogLevel.Debug, LogLevel.Warning], _levels);
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Fact]
    public async Task A_clean_end_is_no_news_but_paused_after_all_the_same()
    {
        using var stop = new CancellationTokenSource();
        var running = Persist().RunAsync(_ => Task.CompletedTask, stop.Token);
        await _clock.RestingAsync(TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.4));
        Assert.Equal((1, 0), (_ends, _levels.Count));
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Theory]
    [InlineData(30, 30)]
    [InlineData(3600, 60)]
    public async Task A_server_that_asks_for_patience_gets_it_within_reason(int asked, int given)
    {
        using var stop = new CancellationTokenSource();
        var running = Persist().RunAsync(_ => throw new KubernetesException(HttpStatusCode.TooManyRequests, "busy", TimeSpan.FromSeconds(asked)), stop.Token);
        await _clock.RestingAsync(TimeSpan.FromSeconds(given));
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Fact]
    public async Task A_server_that_asks_for_no_patience_gets_the_usual_pause()
    {
        using var stop = new CancellationTokenSource();
        var running = Persist().RunAsync(_ => throw new KubernetesException(HttpStatusCode.TooManyRequests, "busy", TimeSpan.Zero), stop.Token);
        await _clock.RestingAsync(TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.4));
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Fact]
    public async Task Errors_of_the_network_and_the_servers_are_transient()
    {
        using var stop = new CancellationTokenSource();
        Exception[] transient =
        [
            new HttpRequestException(), new IOException(), new TimeoutException(), new TaskCanceledException(), new JsonException(),
            new KubernetesException(HttpStatusCode.Gone, ""), new LinstorException(LinstorFailure.Unreachable, ""),
        ];
        var running = Persist().RunAsync(_ => throw transient[_connections++ % transient.Length], stop.Token);
        while (_ends < transient.Length)
        {
            await _clock.RestingAsync(TimeSpan.Zero, LongestPause);
            _clock.AdvanceToNext();
        }

        Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Fact]
    public async Task A_bug_is_no_transient_error() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => Persist().RunAsync(_ => throw new InvalidOperationException(), default).SoonAsync());

    [Fact]
    public async Task What_breaks_because_we_are_asked_to_stop_is_not_tried_again()
    {
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAsync<IOException>(() => Persist().RunAsync(async _ =>
        {
            await stop.CancelAsync();
            throw new IOException("aborted");
        }, stop.Token).SoonAsync());
        Assert.Equal(0, _ends);
    }

    private ReconnectLoop Persist() => new("pods", _ =>
    {
        _ends++;
        return ValueTask.CompletedTask;
    }, _clock, new Levels(_levels));

    private sealed class Levels(List<LogLevel> levels) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => levels.Add(logLevel);
    }
}
