using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Telemetry;
using Piraeus.HighAvailability.Controller.Tests.Endpoints;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class InternalErrorsTests : IAsyncDisposable
{
    private readonly TestTime _time = new();
    private readonly LogCapture _log = new();
    private readonly Instruments _instruments;
    private readonly MetricsReader _metrics;
    private readonly InternalErrors _errors;

    public InternalErrorsTests()
    {
        var meter = $"Tests.{Guid.NewGuid()}";
        (_metrics, _instruments) = (new(meter), new(_log.CreateLogger<Instruments>(), meter));
        _errors = new(_instruments, _time, _log.CreateLogger<InternalErrors>());
    }

    [Fact]
    public async Task Every_error_is_counted_and_one_of_a_kind_is_logged_with_its_stack_once_a_minute()
    {
        for (var second = 0; second < 120; second++)
        {
            _errors.Isolate(Fail);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(120, await CountedAsync());
        Assert.Equal(2, _log.Lines.Count);
        Assert.All(_log.Lines, line => Assert.Contains("InvalidOperationException: one\n   at Piraeus", line.ReplaceLineEndings("\n"), StringComparison.Ordinal));
    }

    [Fact]
    public void An_error_of_another_type_or_from_another_method_is_logged_at_once()
    {
        _errors.Isolate(Fail);
        _errors.Isolate(FailToo);
        _errors.Isolate(() => Assert.Single(Array.Empty<int>()));
        Assert.Equal(3, _log.Lines.Count);
    }

    [Fact]
    public async Task Before_anything_failed_the_counter_is_there_and_says_so() => Assert.Equal(0, await CountedAsync());

    [Fact]
    public async Task A_log_that_fails_stops_nothing()
    {
        new InternalErrors(_instruments, _time, new BrokenLogger<InternalErrors>()).Isolate(Fail);
        Assert.Equal(1, await CountedAsync());
    }

    public ValueTask DisposeAsync()
    {
        _instruments.Dispose();
        return _metrics.DisposeAsync();
    }

    private static void Fail() => throw new InvalidOperationException("one");

    private static void FailToo() => throw new InvalidOperationException("another");

    private async Task<double> CountedAsync() => (await _metrics.SamplesAsync())["piraeus_ha_internal_errors_total"];
}

/// <summary>A log that cannot be written to.</summary>
internal sealed class BrokenLogger<T> : ILogger<T>
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        throw new InvalidOperationException("the log is broken");
}
