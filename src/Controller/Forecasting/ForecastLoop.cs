using System.Collections.Concurrent;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Forecasting;

/// <summary>Forecasts the death of each node in turn, all of them within some minutes, for a metric that shows on a quiet day what would not fail over.</summary>
/// <param name="forecaster">Makes the forecasts.</param>
/// <param name="cluster">The current snapshot.</param>
/// <param name="isolate">Runs each forecast: one that fails is left out, and the next one follows.</param>
/// <param name="clock">The clock of the snapshot.</param>
/// <param name="provider">Measures the pauses.</param>
internal sealed class ForecastLoop(NodeForecaster forecaster, Func<ClusterSnapshot> cluster, Action<Action> isolate, MonotonicClock clock, TimeProvider provider)
{
    /// <summary>The time in which all nodes have their turn, if there are few enough of them.</summary>
    private static readonly TimeSpan Cycle = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>How much longer than a forecast the pause after it is, so that forecasts take at most a fiftieth of one core.</summary>
    private const int Share = 50;

    private readonly ConcurrentDictionary<NodeName, NodeForecast> _forecasts = [];
    private volatile bool _isComplete;

    /// <summary>How many pods would move (null), and would stay for each reason, if their node died; null until every node has had its turn once.</summary>
    public IEnumerable<(string? StaysFor, int Pods)>? Pods => _isComplete ? Count([.. _forecasts.Values.SelectMany(forecast => forecast.Pods)]) : null;

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(_isComplete ? LongestPause : FirstPause, provider, cancellation);
            if (cluster() is var synced && !UnsyncedSources.Needed.All(synced.SyncedSources.Contains))
            {
                continue;
            }

            NodeName[] nodes = [.. NodeForecaster.Nodes(synced)];
            var pause = nodes.Length == 0 ? LongestPause : Cycle / nodes.Length;
            pause = !_isComplete || pause < ShortestPause ? ShortestPause : pause > LongestPause ? LongestPause : pause;
            foreach (var node in nodes)
            {
                await QuietAsync(cancellation);
                var began = provider.GetTimestamp();
                isolate(() => _forecasts[node] = forecaster.Of(cluster(), node, clock.Now));
                var rest = Share * provider.GetElapsedTime(began);
                await Task.Delay(rest > pause ? rest : pause, provider, cancellation);
            }

            foreach (var gone in _forecasts.Keys.Except(nodes))
            {
                _forecasts.TryRemove(gone, out _);
            }

            _isComplete = true;
        }
    }

    // While pods are being moved, each forecast is out of date at once, and the control plane needs the processor.
    private async Task QuietAsync(CancellationToken cancellation)
    {
        while (cluster().Failovers.All.Any(held => held.Item.Ending is null))
        {
            await Task.Delay(FirstPause, provider, cancellation);
        }
    }

    private static IEnumerable<(string? StaysFor, int Pods)> Count(List<PodForecast> pods) =>
        pods.Where(pod => pod.MovedAfter is null).CountBy(pod => pod.Reason?.ToString() ?? "Unknown").Select(held => ((string?)held.Key, held.Value))
            .Prepend((null, pods.Count(pod => pod.MovedAfter is not null)));
}
