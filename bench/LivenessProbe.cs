using System.Diagnostics;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.Bench;

/// <summary>Measures whether the controller keeps renewing its Lease and answering the kubelet's probes under load.</summary>
internal sealed class LivenessProbe : IAsyncDisposable
{
    /// <summary>The namespace of the controller's Lease, in which its account has the necessary rights.</summary>
    public const string Namespace = "ha-controller";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Informer _leases;
    private readonly ControllerProcess _controller;
    private readonly CancellationTokenSource _ending = new();
    private Task _probing = Task.CompletedTask;
    private long _renewed;
    private TimeSpan _longestGap;
    private TimeSpan _longestProbe;

    private LivenessProbe(Api api, ControllerProcess controller)
    {
        _controller = controller;
        _leases = new Informer(api, Paths.Leases(Namespace), lease => lease.Text("spec", "holderIdentity") is { Length: > 0 });
        _leases.Seen += _ => Renewed();
    }

    /// <summary>The kernel's figures for the controller.</summary>
    public ProcessFigures Process => new(_controller.ProcessId);

    /// <summary>The longest observed time in seconds without a renewal of the Lease.</summary>
    public double LongestLeaseGap => Math.Max(_longestGap.TotalSeconds, Stopwatch.GetElapsedTime(Volatile.Read(ref _renewed)).TotalSeconds);

    /// <summary>The longest response time of /healthz, in seconds.</summary>
    public double LongestProbe => _longestProbe.TotalSeconds;

    /// <summary>Removes the Lease of an earlier round's controller, which was killed with it.</summary>
    public static Task ForgetAsync(Api api, CancellationToken cancellation) => api.DeleteAsync($"{Paths.Leases(Namespace)}/piraeus-ha-controller", cancellation);

    /// <summary>Starts the measurement once the controller holds the Lease.</summary>
    public static async Task<LivenessProbe> BeginAsync(Api api, ControllerProcess controller, CancellationToken cancellation)
    {
        var probe = new LivenessProbe(api, controller);
        await probe._leases.StartAsync(cancellation);
        await probe._leases.UntilAsync(() => probe._leases.Items.FirstOrDefault(), cancellation);
        probe._probing = probe.ProbeAsync();
        return probe;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _probing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _leases.DisposeAsync();
        _ending.Dispose();
    }

    private void Renewed()
    {
        var now = Stopwatch.GetTimestamp();
        if (_renewed != 0 && Stopwatch.GetElapsedTime(_renewed, now) is var gap && gap > _longestGap)
        {
            _longestGap = gap;
        }

        Volatile.Write(ref _renewed, now);
    }

    private async Task ProbeAsync()
    {
        while (true)
        {
            var began = Stopwatch.GetTimestamp();
            await _controller.ProbeAsync("/healthz");
            if (Stopwatch.GetElapsedTime(began) is var took && took > _longestProbe)
            {
                _longestProbe = took;
            }

            await Task.Delay(Pause, _ending.Token);
        }
    }
}
