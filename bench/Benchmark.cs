using System.Diagnostics;
using System.Globalization;
using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.Simulator.Linstor;

namespace Piraeus.HighAvailability.Bench;

/// <summary>One run: measures, prints, and writes the report.</summary>
internal sealed class Benchmark(BenchOptions options, CancellationToken cancellation)
{
    private const int Starts = 3;

    private readonly Stopwatch _running = Stopwatch.StartNew();

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync()
    {
        var report = await MeasureAsync();
        Tables.Print(report, options);
        if (options.Json is { } file)
        {
            report.Write(file);
        }

        if (options.Plot is { } plot)
        {
            await File.WriteAllTextAsync(plot, GrowthPlot.Draw(report, options.Volumes), cancellation);
        }

        // Only figures that a program does not report may be missing.
        var missing = report.Figures.Where(figure => figure.Value is null && !figure.Key.StartsWith(ScaleStart.Allocation, StringComparison.Ordinal)).Select(figure => figure.Key).ToList();
        missing.ForEach(figure => Console.Error.WriteLine($"bench: no figure for {figure}"));
        return missing.Count == 0 ? 0 : 1;
    }

    private async Task<Report> MeasureAsync()
    {
        var report = await RecoverAsync();
        if (options.Objects > 0)
        {
            await ScaleAsync(report);
        }

        return report;
    }

    private async Task<Report> RecoverAsync()
    {
        var load = (await File.ReadAllTextAsync("/proc/loadavg", cancellation)).Split(' ')[0];
        Print("Starting etcd, kube-apiserver, kube-controller-manager and kube-scheduler …");
        await using var plane = await RealControlPlane.StartAsync(cancellation);
        var report = new Report
        {
            Machine = Machine.This,
            Kubernetes = (await plane.Api.GetAsync("version", cancellation)).Text("gitVersion") ?? "not known",
            Program = await VersionAsync(),
            Beside = options.Beside,
            Settings =
            [
                $"kube-controller-manager and kube-scheduler may make {new ControlPlaneOptions().ComponentQps} requests a second (their defaults are 20 and 50)",
                "grace period 2 s, reconcile interval 10 s, log level 4, one replica with leader election, three nodes, replicas on all of them, one StatefulSet with parallel pod management",
                $"load of the machine in the minute before: {load}; whatever else runs on it is in the figures",
                $"programs: {ControllerProcess.Program}, {Binaries.Find().Directory}",
            ],
        };
        foreach (var volumes in options.Volumes)
        {
            await RecoverAsync(report, plane, volumes);
        }

        return report;
    }

    private async Task RecoverAsync(Report report, RealControlPlane plane, int volumes)
    {
        var recovery = new RecoveryBenchmark(plane, options.Beside, cancellation);
        var rounds = new List<Round>();
        for (var number = 1; number <= options.RoundsFor(volumes); number++)
        {
            foreach (var mover in options.Methods)
            {
                Print($"N={volumes}, round {number} of {options.RoundsFor(volumes)}: {Round.Name(mover)}");
                rounds.Add(await recovery.PlayAsync(volumes, mover));
            }
        }

        report.Rounds.AddRange(rounds);
        foreach (var mover in options.Methods)
        {
            var its = rounds.FindAll(round => round.Mover == mover);
            foreach (var (name, of) in Round.Measures)
            {
                report.Figures[Round.Figure(volumes, mover, name)] = Median(its.Select(of));
            }

            foreach (var (name, of) in mover == FailoverMethod.Floor ? [] : Round.Duties)
            {
                report.Figures[Round.Figure(volumes, mover, name)] = Median(its.Select(of).OfType<double>());
            }
        }
    }

    private async Task ScaleAsync(Report report)
    {
        Print("Starting etcd and kube-apiserver …");
        await using var plane = await RealControlPlane.StartAsync(new ControlPlaneOptions { OnlyApiServer = true }, cancellation);
        Print($"Creating {options.Objects} pods, volumes and attachments …");
        var cluster = new LargeCluster(plane.Api, options.Objects, cancellation);
        var size = await cluster.FillAsync();
        report.Settings.Add($"large cluster: {options.Objects} pods of {size} bytes of JSON each, as many volumes and attachments, 20 nodes, half as many LINSTOR resources with three replicas each");
        await using var linstor = await LinstorServer.StartAsync(cluster.Storage(), cancellation: cancellation);
        var scale = new ScaleBenchmark(plane, linstor, cancellation);
        var kubeconfig = await scale.KubeconfigAsync();
        for (var number = 1; number <= Starts; number++)
        {
            foreach (var program in (string?[])[null, .. options.Beside is { } beside ? [beside] : (string[])[]])
            {
                Print($"Start {number} of {Starts}{(program is null ? "" : $": {program}")}");
                report.Starts.Add(await scale.StartAsync(kubeconfig, program, idle: number == Starts ? options.Idle : null));
            }
        }

        foreach (var isBeside in options.Beside is null ? [false] : (bool[])[false, true])
        {
            foreach (var (name, of) in ScaleStart.Figures)
            {
                report.Figures[ScaleStart.Figure(name, isBeside)] = Median(report.Starts.Where(start => start.IsBeside == isBeside).Select(of).OfType<double>());
            }
        }
    }

    private void Print(string what) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_running.Elapsed.TotalSeconds,6:0.0} s  {what}"));

    private static double? Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? null : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private async Task<string> VersionAsync()
    {
        using var asked = Process.Start(new ProcessStartInfo(ControllerProcess.Program, "--version") { RedirectStandardOutput = true })!;
        var answer = await asked.StandardOutput.ReadToEndAsync(cancellation);
        await asked.WaitForExitAsync(cancellation);
        return answer.Trim();
    }
}
