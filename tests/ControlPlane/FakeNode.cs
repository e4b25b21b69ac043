using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>One node: which pods run on it, and which volumes it reports as in use.</summary>
internal sealed class FakeNode(FakeKubelet kubelet, string name, BackgroundErrors faults, CancellationToken closing)
{
    public static readonly object Ready = new { type = "Ready", status = "True", reason = "KubeletReady" };

    private readonly Lock _gate = new();
    private readonly Dictionary<string, PodRun> _runs = [];
    private readonly SemaphoreSlim _reporting = new(1);
    private CancellationTokenSource _connection = CancellationTokenSource.CreateLinkedTokenSource(closing);
    private long _changes;
    private long _reported;

    public string Name => name;

    public bool IsConnected => !Volatile.Read(ref _connection).IsCancellationRequested;

    /// <summary>Cancelled when the node loses its connection to the API server.</summary>
    public CancellationToken Connection => Volatile.Read(ref _connection).Token;

    /// <summary>Handles a pod in the API server that is bound to this node.</summary>
    public void Handle(JsonNode pod)
    {
        lock (_gate)
        {
            if (!IsConnected || pod.Text("status", "phase") is "Succeeded" or "Failed")
            {
                return;
            }
            if (!_runs.TryGetValue(pod.Uid, out var run))
            {
                run = new PodRun(kubelet, this, pod);
                _runs.Add(pod.Uid, run);
                faults.Watch(run.LiveAsync());
            }
            if (pod.IsTerminating)
            {
                run.End(PodEnding.Deleted);
            }
        }
    }

    /// <summary>Handles a pod that the API server no longer knows.</summary>
    public void Lose(JsonNode pod)
    {
        lock (_gate)
        {
            if (IsConnected && _runs.TryGetValue(pod.Uid, out var run))
            {
                run.End(PodEnding.Gone);
            }
        }
    }

    public void Forget(PodRun run)
    {
        lock (_gate)
        {
            _runs.Remove(run.Uid);
        }
    }

    public void Crash()
    {
        lock (_gate)
        {
            _connection.Cancel();
            EndAll(_ => true);
        }
    }

    public void Isolate()
    {
        lock (_gate)
        {
            _connection.Cancel();
            // A pod that has not started cannot start without the API server; it begins anew later.
            EndAll(run => !run.HasStarted);
        }
    }

    public async Task ReviveAsync()
    {
        lock (_gate)
        {
            _connection = CancellationTokenSource.CreateLinkedTokenSource(closing);
            var present = kubelet.View.Pods.Items.Where(pod => pod.NodeName == name).ToList();
            foreach (var run in _runs.Values.Where(run => present.All(pod => pod.Uid != run.Uid)).ToList())
            {
                run.End(PodEnding.Gone);
            }
            present.ForEach(Handle);
        }
        await Task.WhenAll(
            kubelet.RenewLeaseAsync(name, Connection),
            kubelet.Api.StrategicPatchAsync($"{Paths.Node(name)}/status", new { status = new { conditions = new[] { Ready } } }, Connection),
            ReportVolumesAsync());
    }

    /// <summary>Writes the volumes in use to the node's status, once for all concurrent callers.</summary>
    public async Task ReportVolumesAsync()
    {
        var connection = Connection;
        var mine = Interlocked.Increment(ref _changes);
        await _reporting.WaitAsync(connection);
        try
        {
            if (_reported < mine)
            {
                // The longer the list, the longer it waits for further changes: a real kubelet reports only every few seconds.
                await Task.Delay(TimeSpan.FromMilliseconds(Runs / 4), connection);
                var upTo = Interlocked.Read(ref _changes);
                await kubelet.Api.PatchAsync($"{Paths.Node(name)}/status", new { status = new { volumesInUse = VolumesInUse() } }, connection);
                _reported = upTo;
            }
        }
        finally
        {
            _reporting.Release();
        }
    }

    private int Runs
    {
        get
        {
            lock (_gate)
            {
                return _runs.Count;
            }
        }
    }

    private string[] VolumesInUse()
    {
        lock (_gate)
        {
            return [.. _runs.Values.SelectMany(run => run.Volumes).Select(volume => volume.InUseName).Distinct().Order(StringComparer.Ordinal)];
        }
    }

    private void EndAll(Func<PodRun, bool> which)
    {
        foreach (var run in _runs.Values.Where(which).ToList())
        {
            run.End(PodEnding.Crashed);
            _runs.Remove(run.Uid);
        }
    }
}
