using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.History;

/// <summary>Keeps what was done, and on what proof, in a ConfigMap beside the Lease, so that it outlives this process and the hour for which Kubernetes keeps Events.</summary>
/// <remarks>No action waits for it, or fails with it. One write stores everything that happened within a few seconds.</remarks>
/// <param name="kubernetes">The client.</param>
/// <param name="key">The ConfigMap.</param>
/// <param name="replica">This process, as the entries name it.</param>
/// <param name="limit">A write takes only the tokens that actions leave.</param>
/// <param name="clock">The clock of the decisions.</param>
/// <param name="provider">The wall time, and the pauses.</param>
/// <param name="errors">Takes this program's own errors.</param>
/// <param name="logger">The log.</param>
internal sealed partial class ActionHistory(
    KubernetesClient kubernetes, ObjectKey key, string replica, RateLimiter limit, MonotonicClock clock, TimeProvider provider, InternalErrors errors, ILogger<ActionHistory> logger)
{
    /// <summary>How long entries are gathered before a write.</summary>
    public static readonly TimeSpan Gathering = TimeSpan.FromSeconds(3);

    /// <summary>For how long an answer to <see cref="ReadAsync"/> is given again: visitors must not load the API server.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    /// <summary>How many entries wait for a write at most; the newest stay.</summary>
    public const int MostWaiting = 1000;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Channel<DecisionLogEntry> _queue = Channel.CreateBounded<DecisionLogEntry>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly HashSet<(string Kind, string About, string? Uid)> _uncertain = [];
    private readonly SemaphoreSlim _reading = new(1, 1);
    private (ImmutableArray<WireEntry> Entries, string? Problem) _read = ([], null);
    private long? _readAt;
    private string? _trouble;

    /// <summary>Takes an entry, if it is an action that may have happened, or the outcome of a failover. Not thread-safe.</summary>
    public void Add(DecisionLogEntry entry)
    {
        var isKept = entry.Answer?.Answer switch
        {
            null => entry.Kind == nameof(Failover),
            MutationOutcome.Accepted => true,
            MutationOutcome.TimedOut or MutationOutcome.Refused => IsNews(entry),
            _ => false,
        };
        if (isKept)
        {
            _queue.Writer.TryWrite(entry);
        }
    }

    /// <summary>What all replicas have stored, oldest first.</summary>
    /// <returns>The entries, and why there may be others; null if there are none.</returns>
    public async Task<(ImmutableArray<WireEntry> Entries, string? Problem)> ReadAsync(CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            if (_readAt is not { } last || provider.GetElapsedTime(last) >= Fresh)
            {
                try
                {
                    _read = (HistoryText.Read((await kubernetes.GetConfigMapAsync(key, CancellationToken.None))?.Data.GetValueOrDefault(HistoryText.Key)), null);
                }
                catch (Exception failed) when (failed.IsTransient())
                {
                    _read = (_read.Entries, $"What was done earlier cannot be read: {Why(failed)}");
                }

                _readAt = provider.GetTimestamp();
            }

            return _read;
        }
        finally
        {
            _reading.Release();
        }
    }

    // What is refused again and again would push everything else out.
    private bool IsNews(DecisionLogEntry entry)
    {
        if (_uncertain.Count >= MostWaiting)
        {
            _uncertain.Clear();
        }

        return _uncertain.Add((entry.Kind, entry.About, entry.Uid));
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        // On a stop, what is gathered is still written, unless that takes too long.
        await using var farewell = new Farewell(provider, () => _queue.Writer.TryComplete(), cancellation);
        while (await _queue.Reader.WaitToReadAsync(farewell.Token))
        {
            await Task.Delay(Gathering, provider, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await WriteAsync(cancellation, farewell.Token);
            }
            catch (Exception bug) when (!farewell.Token.IsCancellationRequested)
            {
                errors.Note(bug); // these entries are missing
            }
        }
    }

    // Until it succeeds. What is added meanwhile is written with it.
    private async Task WriteAsync(CancellationToken stopping, CancellationToken cancellation)
    {
        List<WireEntry> waiting = [];
        for (var pause = FirstPause; ; pause = 2 * pause < LongestPause ? 2 * pause : LongestPause)
        {
            while (_queue.Reader.TryRead(out var entry))
            {
                // An attachment and a taint rest on the statements on which the pod's deletion rests.
                var translated = new StatementReader(clock.Now, provider.GetUtcNow()).Entry(entry) with { Replica = replica };
                waiting.Add(entry.Kind == nameof(Decision.DeletePod) ? translated : translated with { Linstor = null });
            }

            waiting.RemoveRange(0, Math.Max(0, waiting.Count - MostWaiting));
            try
            {
                await StoreAsync(waiting, cancellation);
                _trouble = null;
                return;
            }
            catch (KubernetesException faster) when (faster.Status == HttpStatusCode.Conflict)
            {
                // Another replica has written. Its entries must stay.
            }
            catch (Exception failed) when (failed.IsTransient())
            {
                Log(Why(failed));
            }

            // A stop does not wait for the end of a long pause.
            var isStopping = stopping.IsCancellationRequested;
            await Task.Delay(isStopping ? FirstPause : pause, provider, isStopping ? cancellation : stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private async Task StoreAsync(List<WireEntry> entries, CancellationToken cancellation)
    {
        await limit.TakeSpareAsync(provider, cancellation);
        var stored = await kubernetes.GetConfigMapAsync(key, cancellation) ?? new() { Metadata = new() { Name = key.Name, Namespace = key.Namespace } };
        stored.Data[HistoryText.Key] = HistoryText.Append(stored.Data.GetValueOrDefault(HistoryText.Key), entries);
        await kubernetes.WriteConfigMapAsync(key, stored, cancellation);
    }

    private string Why(Exception failed) => RefusalText.Explain(failed, RefusalText.MissingIn(key.Namespace, "", "configmaps", "get", "create", "update"));

    private void Log(string why)
    {
        if (why != _trouble)
        {
            _trouble = why;
            NotKept(key, why);
        }
    }

    [LoggerMessage(121, LogLevel.Warning, "Could not record in ConfigMap {Key} what was done: {Why}")]
    private partial void NotKept(ObjectKey key, string why);
}
