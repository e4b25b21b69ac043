using System.Diagnostics;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.Bench;

/// <summary>Measures how a crashed node's pods recover on other nodes, by the bare loop and by the controller in turn, on one control plane.</summary>
internal sealed class RecoveryBenchmark(RealControlPlane plane, string? beside, CancellationToken cancellation)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    public async Task<Round> PlayAsync(int volumes, FailoverMethod mover)
    {
        string space;
        Round round;
        await using (var cluster = await TestCluster.SetAsync(plane, new TestClusterOptions { Nodes = ["a", "b", "c"] }, cancellation))
        {
            space = cluster.World.Namespace;
            await cluster.Workloads.StatefulSetAsync("db", on: cluster.A, replicas: volumes);
            cluster.ControllerProgram = mover == FailoverMethod.Beside ? beside : null;
            await using var probe = mover == FailoverMethod.Floor ? null : await StartAsync(cluster);

            // The controller has a connection by then, so the bare loop gets one too.
            var api = plane.ApiAs(cluster.Account);
            await api.GetAsync(Paths.Node(cluster.A), cancellation);
            await UntilIdleAsync();
            var before = probe?.Process.Cpu;
            round = await CrashAsync(cluster, api, volumes, mover);
            round = round with { LeaseGap = probe?.LongestLeaseGap, Probe = probe?.LongestProbe, Processor = probe?.Process.Cpu - before, Private = probe?.Process.Private };
        }

        await UntilForgottenAsync(space);
        return round;
    }

    private async Task<LivenessProbe> StartAsync(TestCluster cluster)
    {
        await LivenessProbe.ForgetAsync(plane.Api, cancellation);
        var controller = await cluster.StartControllerAsync(
            $"--known-resource-grace-period={Grace.TotalSeconds}s", $"--new-resource-grace-period={Grace.TotalSeconds}s", "--reconcile-interval=10s", "--v=4",
            "--leader-election", $"--leader-election-namespace={LivenessProbe.Namespace}");
        return await LivenessProbe.BeginAsync(plane.Api, controller, cancellation);
    }

    private async Task<Round> CrashAsync(TestCluster cluster, Api api, int volumes, FailoverMethod mover)
    {
        var node = cluster.World.View.Nodes.Find(cluster.A)!;
        var (timeline, log) = (new RecoveryTimeline(cluster, cluster.A), plane.Audit.Length);
        var bare = new BaselineLoop(api, timeline, node, cancellation);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60 + (volumes / 2)));
        try
        {
            cluster.Crash(cluster.A);
            await timeline.AllTold.WaitAsync(limit.Token);
            if (mover == FailoverMethod.Floor)
            {
                await bare.RunAsync();
            }

            await timeline.AllDone.WaitAsync(limit.Token);
            await UntilIdleAsync();
            // The bare loop acts right after the last loss and has no grace period.
            var zero = timeline.Events.Last + (mover == FailoverMethod.Floor ? 0 : (long)(Grace.TotalSeconds * Stopwatch.Frequency));
            double After(long moment) => (double)(moment - zero) / Stopwatch.Frequency;
            return new Round(
                volumes, mover, After(timeline.Events.First), After(timeline.Events.Last), After(timeline.PodsGone.First), After(timeline.PodsGone.Last),
                After(timeline.AttachmentsGone.Last), After(timeline.Running.First), After(timeline.Running.Last), Requests(cluster, log));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{volumes} volumes were not moved ({mover}): {timeline}\n{await FailureReport.OfAsync(cluster.World, cancellation)}");
        }
    }

    /// <summary>How long the mover's requests about pods, attachments and nodes took, by the API server's audit log.</summary>
    private double Requests(TestCluster cluster, long from)
    {
        // The ConfigMap in which the controller keeps what it did is written later, and holds nothing up.
        var writes = plane.Audit.Writes(from).Where(write => write.User == cluster.Account.User && write.Resource is "pods" or "volumeattachments" or "nodes").ToList();
        return (writes.Max(write => write.At) - writes.Min(write => write.Received)).TotalSeconds;
    }

    /// <summary>Waits until there was no write for a second.</summary>
    private async Task UntilIdleAsync()
    {
        var (length, since) = (-1L, 0L);
        await Eventually.TrueAsync(
            () =>
            {
                if (plane.Audit.Length != length)
                {
                    (length, since) = (plane.Audit.Length, Stopwatch.GetTimestamp());
                }

                return Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(1);
            },
            TimeSpan.FromMinutes(2),
            () => "no writes go on",
            cancellation);
    }

    /// <summary>Waits until nothing is left of a round: the namespace controller is slow, and its work must not fall into the next round.</summary>
    private async Task UntilForgottenAsync(string space)
    {
        await Eventually.TrueAsync(
            async () => await plane.Api.FindAsync($"{Paths.Namespaces}/{space}", cancellation) is null,
            TimeSpan.FromMinutes(2),
            () => Task.FromResult($"namespace {space} gone"),
            cancellation,
            pause: TimeSpan.FromMilliseconds(250));
        await UntilIdleAsync();
    }
}
