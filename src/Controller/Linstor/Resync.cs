using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Linstor.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Queries LINSTOR at a steady rate for changes that its stream may have missed. <see cref="ResyncSchedule"/> decides which queries are due; this class sends them.</summary>
internal sealed partial class Resync(
    LinstorClient linstor, Func<ClusterSnapshot> cluster, ChannelWriter<Observation> inbox, TimeSpan interval, TimeProvider clock, ILogger<Resync> logger)
{
    /// <summary>How many resources are queried at a time: one that hangs until its deadline delays no other, and LINSTOR is not flooded.</summary>
    private const int Concurrency = 8;

    /// <summary>How long a round waits for its answers. Later answers arrive during the next round.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly MonotonicClock _clock = new(clock);
    private readonly ResyncSchedule _schedule = new(interval, Instant.Start);
    private readonly Lock _scheduling = new();
    private readonly SemaphoreSlim _slots = new(Concurrency);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly List<Task> _slices = [];
    private Instant _definitionsApartUntil;

    /// <summary>The event stream has delivered an event.</summary>
    public void StreamSpoke() => Schedule(static (schedule, _) => schedule.StreamSpoke());

    /// <summary>Begins a round now: LINSTOR's state may have changed, or LINSTOR may be gone.</summary>
    public void Nudge()
    {
        Schedule(static (schedule, now) => schedule.Nudge(now));
        Wake();
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await UntilNextRoundAsync(cancellation);
            await RoundAsync(cancellation);
            await Task.WhenAll(_slices.Where(slice => slice.IsFaulted)); // a bug ends the loop
            _slices.RemoveAll(slice => slice.IsCompleted);
        }
    }

    private async Task UntilNextRoundAsync(CancellationToken cancellation)
    {
        while (Schedule(static (schedule, now) => schedule.NextRoundAt - now) is { Ticks: > 0 } rest)
        {
            using var rested = new CancellationTokenSource(rest, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, rested.Token);
            try
            {
                await _wake.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // The next round is due.
            }
        }
    }

    private async Task RoundAsync(CancellationToken cancellation)
    {
        if (Schedule(static (schedule, now) => schedule.BeginRound(now)))
        {
            await inbox.WriteAsync(new Observation.SourceLost(Source.Linstor), cancellation);
        }

        try
        {
            await inbox.WriteAsync(await linstor.SatellitesAsync(cancellation), cancellation);
        }
        catch (LinstorException failure)
        {
            if (Schedule(static (schedule, now) => schedule.SatellitesFailed(now)))
            {
                DoesNotAnswer(failure.Message);
            }

            _definitionsApartUntil = default; // these requests failed because LINSTOR was away
            await inbox.WriteAsync(new Observation.SourceLost(Source.Linstor) { IsStreamIntact = Schedule(static (schedule, _) => schedule.IsStreamIntact) }, cancellation);
            return;
        }

        if (Schedule(static (schedule, now) => schedule.SatellitesRead(now)))
        {
            Answers();
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var slice = AskAsync(Schedule((schedule, now) => schedule.NextSlice(cluster(), now)), cancellation);
        _slices.Add(slice);
        await Task.WhenAny(slice, Task.Delay(LongestWait, clock, ended.Token));
        await ended.CancelAsync();
    }

    private async Task AskAsync(IReadOnlyList<ResourceName> slice, CancellationToken cancellation)
    {
        if (slice.Count > 0)
        {
            var definitions = await DefinitionsAsync(slice, cancellation);
            await Task.WhenAll(slice.Select(resource => AskAboutAsync(resource, definitions, cancellation)));
        }
    }

    // One request for many definitions only saves requests: a definition that is missing in the answer, or not read because of a failure, is requested again with its resource.
    private async Task<IReadOnlyDictionary<ResourceName, ReadResult<WireDefinition>>> DefinitionsAsync(IReadOnlyList<ResourceName> resources, CancellationToken cancellation)
    {
        try
        {
            if (_clock.Now >= _definitionsApartUntil)
            {
                return await linstor.DefinitionsAsync(resources, cancellation);
            }
        }
        catch (LinstorException failure)
        {
            // A definition that hangs would delay its whole slice each time.
            _definitionsApartUntil = failure.IsNetwork ? _clock.Now + ResyncSchedule.LongestBackOff : _definitionsApartUntil;
            OneByOne(failure.Message);
        }

        return ImmutableDictionary<ResourceName, ReadResult<WireDefinition>>.Empty;
    }

    private async Task AskAboutAsync(ResourceName resource, IReadOnlyDictionary<ResourceName, ReadResult<WireDefinition>> definitions, CancellationToken cancellation)
    {
        ResourceReport report;
        await _slots.WaitAsync(cancellation);
        try
        {
            report = await (definitions.TryGetValue(resource, out var read) ? linstor.ReportAsync(resource, read, cancellation) : linstor.ReportAsync(resource, cancellation));
            Schedule((schedule, _) => schedule.Answered(resource));
        }
        catch (LinstorException failure)
        {
            var failures = Schedule((schedule, now) => schedule.Failed(resource, now, failure.IsNetwork));
            Wake();

            // After the first failure, LINSTOR may be gone altogether, which is reported once and not for every resource.
            Unclear(failure.IsNetwork && failures == 1 ? LogLevel.Debug : LogLevel.Warning, resource, failure.Message);
            return;
        }
        finally
        {
            _slots.Release();
        }

        await inbox.WriteAsync(new Observation.ResourceReported(report), cancellation);
    }

    private T Schedule<T>(Func<ResyncSchedule, Instant, T> use)
    {
        lock (_scheduling)
        {
            return use(_schedule, _clock.Now);
        }
    }

    private void Schedule(Action<ResyncSchedule, Instant> use) => Schedule((schedule, now) =>
    {
        use(schedule, now);
        return true;
    });

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // A wake-up is already pending.
        }
    }

    [LoggerMessage(320, LogLevel.Warning, "LINSTOR does not answer; nothing is decided until it does. {Reason}")]
    private partial void DoesNotAnswer(string reason);

    [LoggerMessage(EventId = 322, Message = "LINSTOR's answer about resource {Resource} is of no use: {Reason}")]
    private partial void Unclear(LogLevel level, ResourceName resource, string reason);

    [LoggerMessage(323, LogLevel.Debug, "LINSTOR's answer about several resource definitions is of no use; they are asked for one by one: {Reason}")]
    private partial void OneByOne(string reason);

    [LoggerMessage(321, LogLevel.Information, "LINSTOR answers.")]
    private partial void Answers();
}
