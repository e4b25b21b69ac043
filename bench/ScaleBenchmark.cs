using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Tests;

namespace Piraeus.HighAvailability.Bench;

/// <summary>Measures how long the controller takes to sync a large cluster, and the cost of watching it.</summary>
internal sealed class ScaleBenchmark(RealControlPlane plane, LinstorServer linstor, CancellationToken cancellation)
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly string _log = Path.Combine(plane.LogDirectory, "controller.log");

    public async Task<string> KubeconfigAsync()
    {
        await plane.KubectlAsync(["apply", "-f", Repository.File("deploy/all.yaml")], ApiIdentity.Administrator, cancellation);
        return plane.KubeconfigFor(await plane.ServiceAccountAsync("ha-controller", "ha-controller", cancellation));
    }

    /// <summary>Starts the controller, and measures it for a while once it has synced.</summary>
    public async Task<ScaleStart> StartAsync(string kubeconfig, string? program, TimeSpan? idle)
    {
        var port = ComponentCommandLines.FreePort();
        var environment = ImmutableDictionary<string, string>.Empty.Add("LS_CONTROLLERS", linstor.Url.ToString());
        var began = Stopwatch.GetTimestamp();
        await using var controller = await ControllerProcess.StartAsync(_log, port, [$"--kubeconfig={kubeconfig}", $"--leader-election-healtz-port={port}", "--v=4"], environment, program);
        while (await controller.ProbeAsync("/readyz") != 200)
        {
            if (controller.HasExited || Stopwatch.GetElapsedTime(began) > StartLimit)
            {
                throw new TimeoutException($"The controller was not ready within {StartLimit.TotalSeconds} s.\n{controller.LogTail()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellation);
        }

        var ready = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var process = new ProcessFigures(controller.ProcessId);
        var start = new ScaleStart(ready, process.Cpu, process.Resident, process.Private) { IsBeside = program is not null };
        return idle is { } duration ? start with { Idle = await IdleAsync(controller, process, duration) } : start;
    }

    private async Task<Idling> IdleAsync(ControllerProcess controller, ProcessFigures process, TimeSpan duration)
    {
        var (began, cpu, allocated) = (Stopwatch.GetTimestamp(), process.Cpu, await AllocatedAsync(controller));
        await Task.Delay(duration, cancellation);
        var (seconds, more) = (Stopwatch.GetElapsedTime(began).TotalSeconds, await AllocatedAsync(controller));
        return new Idling(process.Resident, process.Private, process.MostResident, 100 * (process.Cpu - cpu) / seconds, (more - allocated) / 1024 / seconds);
    }

    /// <summary>The number of bytes allocated since the start; null if the controller does not report it.</summary>
    private static async Task<double?> AllocatedAsync(ControllerProcess controller)
    {
        const string Metric = "dotnet_gc_heap_total_allocated_bytes_total";
        var line = (await controller.ReadAsync("/metrics"))?.Split('\n').FirstOrDefault(line => line.StartsWith(Metric, StringComparison.Ordinal));
        return line is null ? null : double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
