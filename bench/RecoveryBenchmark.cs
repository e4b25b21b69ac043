using System.Diagnostics;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.Bench;

/// <summary>A node crashes, and its pods run elsewhere: by the bare loop and by the controller in turn, on one control plane.</summary>
internal sealed class RecoveryBenchmark(RealControlPlane plane, CancellationToken cancellation)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    public async Task<Round> PlayAsync(int volumes, FailoverMethod mover)
    {
        string space;
        Round round;
        await using (var stage = await TestCluster.SetAsync(plane, new TestClusterOptions { Nodes = ["a", "b", "c"] }, cancellation))
        {
            space = stage.World.Namespace;
            await stage.Workloads.StatefulSetAsync("db", on: stage.A, replicas: volumes);
            await using var vigil = mover == FailoverMethod.Controller ? await StartAsync(stage) : null;

            // The controller has a connection by then; so has the bare loop.
            var api = plane.ApiAs(stage.Account);
            await api.GetAsync(Paths.Node(stage.A), cancellation);
            await UntilIdleAsync();
            round = await CrashAsync(stage, api, volumes, mover);
            round = round with { LeaseGap = vigil?.LongestLeaseGap, Probe = vigil?.LongestProbe };
        }

        await UntilForgottenAsync(space);
        return round;
    }

    private async Task<LivenessProbe> StartAsync(TestCluster stage)
    {
        await LivenessProbe.ForgetAsync(plane.Api, cancellation);
        var controller = await stage.StartControllerAsync(
            $"--known-resource-grace-period={Grace.TotalSeconds}s", $"--new-resource-grace-period={Grace.TotalSeconds}s", "--reconcile-interval=10s", "--v=4",
            "--leader-election", $"--leader-election-namespace={LivenessProbe.Namespace}");
        return await LivenessProbe.BeginAsync(plane.Api, controller, cancellation);
    }

    private async Task<Round> CrashAsync(TestCluster stage, Api api, int volumes, FailoverMethod mover)
    {
        var node = stage.World.View.Nodes.Find(stage.A)!;
        var (witness, log) = (new RecoveryTimeline(stage, stage.A), plane.Audit.Length);
        var bare = new BaselineLoop(api, witness, node, cancellation);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60 + (volumes / 4)));
        try
        {
            stage.Crash(stage.A);
            await witness.AllTold.WaitAsync(limit.Token);
            if (mover == FailoverMethod.Floor)
            {
                await bare.RunAsync();
            }

            await witness.AllDone.WaitAsync(limit.Token);
            await UntilIdleAsync();
            // Whoever asks for nothing after the last loss has no grace period.
            var zero = witness.Events.Last + (mover == FailoverMethod.Controller ? (long)(Grace.TotalSeconds * Stopwatch.Frequency) : 0);
            double After(long moment) => (double)(moment - zero) / Stopwatch.Frequency;
            return new Round(
                volumes, mover, After(witness.Events.First), After(witness.Events.Last), After(witness.PodsGone.First), After(witness.PodsGone.Last),
                After(witness.AttachmentsGone.Last), After(witness.Running.First), After(witness.Running.Last), Requests(stage, log));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{volumes} volumes were not moved ({mover}): {witness}\n{await FailureReport.OfAsync(stage.World, cancellation)}");
        }
    }

    /// <summary>How long the mover was at it, as the API server's own log tells.</summary>
    private double Requests(TestCluster stage, long from)
    {
        var writes = plane.Audit.Writes(from).Where(write => write.User == stage.Account.User).ToList();
        return (writes.Max(write => write.At) - writes.Min(write => write.Received)).TotalSeconds;
    }

    /// <summary>Waits until nobody has written anything for a second.</summary>
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
            () => "nobody writes anything",
            cancellation);
    }

    /// <summary>Waits until nothing is left of a round: the namespace controller takes its time, and must not take the next round's.</summary>
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
