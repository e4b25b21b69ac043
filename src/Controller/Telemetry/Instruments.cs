using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Telemetry;

/// <summary>The counters and histograms. docs/operations.md lists them.</summary>
internal sealed partial class Instruments : IDisposable
{
    // From the duration of one request to the time that Kubernetes takes without us.
    private static readonly double[] Seconds = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 60, 90, 120, 300, 900];

    // From an answer out of LINSTOR's memory to a request's deadline.
    private static readonly double[] LinstorSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5];

    private readonly ILogger<Instruments> _logger;
    private readonly Meter _meter;
    private readonly Histogram<double> _phases;
    private readonly Histogram<double> _recoveries;
    private readonly Histogram<double> _linstor;
    private readonly Counter<long> _failovers;
    private readonly Counter<long> _actions;
    private readonly Counter<long> _queries;
    private long _internalErrors;
    private long _postponed;
    private volatile Verdict _verdict = new([], null);
    private volatile ClusterSnapshot _cluster = ClusterSnapshot.Empty;

    /// <param name="logger">Logs which metrics could not be read.</param>
    /// <param name="meter">The name of their meter; a test uses its own, because listeners see all meters of the process.</param>
    public Instruments(ILogger<Instruments> logger, string meter = ProgramVersion.Meter)
    {
        _logger = logger;
        _meter = new(meter);
        var buckets = new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds };
        _phases = _meter.CreateHistogram("piraeus.ha.failover.phase.duration", "s", "How long each phase held a failover up.", tags: null, buckets);
        _recoveries = _meter.CreateHistogram("piraeus.ha.failover.duration", "s", "From the decision to the replacement running.", tags: null, buckets);
        _linstor = _meter.CreateHistogram(
            "piraeus.ha.linstor.request.duration", "s", "How long LINSTOR took to answer a request.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = LinstorSeconds });
        _failovers = _meter.CreateCounter<long>("piraeus.ha.failovers", description: "Failovers that have ended, and how.");
        _actions = _meter.CreateCounter<long>("piraeus.ha.actions", description: "Requests that change the cluster, and how they were answered.");
        _queries = _meter.CreateCounter<long>("piraeus.ha.queries", description: "Questions to LINSTOR and Kubernetes that a decision waited for, and whether they were answered.");
        _meter.CreateObservableCounter("piraeus.ha.postponed", () => Interlocked.Read(ref _postponed), description: "Times that a decision found no room among the requests under way, or no token of the rate limit, and was made again later.");
        _meter.CreateObservableGauge("piraeus.ha.build_info", () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", ProgramVersion.Version)), description: "Which version of the controller this is.");
        _meter.CreateObservableGauge("process.start_time", Started, "s", "When the process started, in seconds since 1970.");
        _meter.CreateObservableGauge("piraeus.ha.held", () => Read(Held), description: "Consumers of a resource who would have been moved by now, but for a reason.");
        _meter.CreateObservableGauge("piraeus.ha.consumers", () => Read(Consumers), description: "Consumers of a resource that are not plainly well, by what follows for them.");
        _meter.CreateObservableGauge("piraeus.ha.tainted_nodes", () => _cluster.Nodes.Values.Count(node => node.TaintedByUs), description: "Nodes that carry the taint of this controller.");
        _meter.CreateObservableGauge("piraeus.ha.source_synced", () => Read(Synced), description: "1 if the source has delivered everything and is still open, else 0.");
        _meter.CreateObservableGauge("piraeus.ha.storm", () => _cluster.Storm is null ? 0 : 1, description: "1 while so many nodes were lost at once that nothing is moved, else 0.");
        _meter.CreateObservableCounter("piraeus.ha.internal_errors", () => Interlocked.Read(ref _internalErrors), description: "Errors of this program that were caught.");
        _meter.CreateObservableGauge("piraeus.ha.failovers.under_way", () => Read(UnderWay), description: "Failovers that have not ended, by the phase that they wait for.");
    }

    public void Ended(Failover failover)
    {
        _failovers.Add(1, new KeyValuePair<string, object?>("ending", Word(failover.Ending!.Value)));
        foreach (var (phase, took) in failover.Phases)
        {
            _phases.Record(took.TotalSeconds, new KeyValuePair<string, object?>("phase", Word(phase)));
        }

        if (failover is { Ending: FailoverResult.Runs })
        {
            _recoveries.Record((failover.Since - failover.Reached[Phase.Decided]).TotalSeconds);
        }
    }

    /// <summary>Counts requests that change the cluster; a failed query, or a request that was not sent, does not count.</summary>
    public void Acted(Decision decision, MutationAnswer outcome)
    {
        if (decision is not Decision.Query && outcome.Answer != MutationOutcome.NotSent)
        {
            _actions.Add(1, new("action", Word(decision.Key.Verb)), new KeyValuePair<string, object?>("answer", Word(outcome.Answer)));
        }
    }

    /// <summary>Counts a query that a decision waits for.</summary>
    public void Asked(Decision query, bool isAnswered) =>
        _queries.Add(1, new("query", Word(query.Key.Verb)), new KeyValuePair<string, object?>("outcome", isAnswered ? "answered" : "failed"));

    /// <summary>Counts a decision that found no room.</summary>
    public void Postponed() => Interlocked.Increment(ref _postponed);

    /// <summary>Adds the gauge of LINSTOR's silence.</summary>
    /// <param name="age">How long ago LINSTOR last answered; null if it never did.</param>
    public void ObserveLinstor(Func<TimeSpan?> age) => _meter.CreateObservableGauge(
        "piraeus.ha.linstor.answer.age", () => age() is { } known ? [new Measurement<double>(known.TotalSeconds)] : Array.Empty<Measurement<double>>(), "s", "How long ago LINSTOR last answered.");

    /// <summary>Adds the gauge of the forecast.</summary>
    /// <param name="pods">How many pods would move (null), and would stay for each reason, if their node died; null while not known.</param>
    public void ObserveForecast(Func<IEnumerable<(string? StaysFor, int Pods)>?> pods) => _meter.CreateObservableGauge(
        "piraeus.ha.forecast.pods",
        () => Read(() => (pods() ?? []).Select(one => one.StaysFor is null
            ? new Measurement<int>(one.Pods, new KeyValuePair<string, object?>("outcome", "moves"))
            : new Measurement<int>(one.Pods, new("outcome", "stays"), new KeyValuePair<string, object?>("reason", one.StaysFor)))),
        description: "Selected pods that would move, or would stay and why, if their node died now.");

    /// <summary>Adds the gauges of leadership.</summary>
    /// <param name="leads">Whether this replica acts.</param>
    /// <param name="isKeptFromDecidingBy">Whether a source that a decision needs is lost.</param>
    public void ObserveLeadership(Func<bool> leads, Func<Source, bool> isKeptFromDecidingBy)
    {
        _meter.CreateObservableGauge("piraeus.ha.leader", () => Read(() => [new(leads() ? 1 : 0)]), description: "1 if this replica acts, else 0.");
        _meter.CreateObservableGauge(
            "piraeus.ha.cannot_decide",
            () => Read(() => UnsyncedSources.Needed.Select(source => new Measurement<int>(isKeptFromDecidingBy(source) ? 1 : 0, new KeyValuePair<string, object?>("source", Word(source))))),
            description: "1 if this replica cannot decide because the source is lost, else 0.");
    }

    /// <summary>LINSTOR answered a request, or did not.</summary>
    public void AskedLinstor(TimeSpan took, string outcome) => _linstor.Record(took.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>This program caught an error of its own.</summary>
    public void FailedInternally() => Interlocked.Increment(ref _internalErrors);

    public void Observe(ClusterSnapshot cluster, Verdict verdict) => (_cluster, _verdict) = (cluster, verdict);

    public void Dispose() => _meter.Dispose();

    // A metric that cannot be read is left out.
    private List<Measurement<int>> Read(Func<IEnumerable<Measurement<int>>> measure)
    {
        try
        {
            return [.. measure()];
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            NotMeasured(error);
            return [];
        }
    }

    private static double Started()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0;
    }

    private IEnumerable<Measurement<int>> Held() => _verdict.Consumers
        .SelectMany(consumer => consumer.Holds.Where(hold => hold.Overdue).Select(hold => hold.Reason).Distinct())
        .CountBy(reason => reason).Select(held => new Measurement<int>(held.Value, new KeyValuePair<string, object?>("reason", held.Key.ToString())));

    private IEnumerable<Measurement<int>> Consumers()
    {
        var states = _verdict.Consumers.CountBy(StateOf).ToDictionary();
        return ((string[])["moving", "held", "in_grace_period", "in_doubt"]).Select(state => new Measurement<int>(states.GetValueOrDefault(state), new KeyValuePair<string, object?>("state", state)));

        static string StateOf(AssessedConsumer consumer) =>
            consumer.IsMoved ? "moving" : consumer.Holds.Any(hold => hold.Overdue) ? "held" : consumer.IsLoss ? "in_grace_period" : "in_doubt";
    }

    private IEnumerable<Measurement<int>> Synced() =>
        Enum.GetValues<Source>().Select(source => new Measurement<int>(_cluster.SyncedSources.Contains(source) ? 1 : 0, new KeyValuePair<string, object?>("source", Word(source))));

    private IEnumerable<Measurement<int>> UnderWay() => _cluster.Failovers.All.Where(held => held.Item.Ending is null)
        .GroupBy(held => held.Item.Awaited!.Value).Select(waiting => new Measurement<int>(waiting.Count(), new KeyValuePair<string, object?>("phase", Word(waiting.Key))));

    /// <summary>One of our names as a label's value: <c>PodGone</c> and "delete pod" become <c>pod_gone</c> and <c>delete_pod</c>.</summary>
    private static string Word<T>(T name)
        where T : notnull =>
        string.Concat(name.ToString()!.Select((letter, at) => letter == ' ' ? "_" : char.IsUpper(letter) ? $"{(at == 0 ? "" : "_")}{char.ToLowerInvariant(letter)}" : $"{letter}"));

    [LoggerMessage(510, LogLevel.Warning, "A metric could not be measured, and is missing. This is a bug.")]
    private partial void NotMeasured(Exception bug);
}
