using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>What is left of an incident when the controller is gone.</summary>
public sealed class RecordingTests(SharedControlPlane shared)
{
    [Fact]
    public async Task A_recording_of_a_crash_is_replayed_and_shows_what_was_deleted_and_why()
    {
        await using var cluster = await TestCluster.SetAsync(shared);
        var db = await cluster.Workloads.StatefulSetAsync("db", on: cluster.A);
        var recording = cluster.FileOf("recording");
        var controller = await cluster.StartControllerAsync($"--record={recording}");

        cluster.Crash(cluster.A);
        await cluster.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await cluster.World.UntilMovedAsync(db, from: cluster.A, within: TimeSpan.FromSeconds(120));
        await cluster.UntilLoggedAsync(LogEvent.FailoverEnded, ("Phase", "Runs"));
        await controller.KillAsync(cluster.World.Closing); // the recording has no end
        var replay = await cluster.ReplayAsync(recording);
        await cluster.EventuallyAsync(() => replay.HasExited, "the replay has ended");

        Assert.True(replay.ExitCode == 0, replay.LogTail());
        Assert.Contains(replay.Log, line => line.Contains($"decided   Deleting pod {cluster.World.Namespace}/db-0 on node {cluster.A}: it has lost resource ", StringComparison.Ordinal));
        Assert.Contains(replay.Log, line => line.Contains("answered  Deleting pod", StringComparison.Ordinal) && line.EndsWith("The answer was Accepted.", StringComparison.Ordinal));
        Assert.Contains(replay.Log, line => line.Contains("after its storage was lost", StringComparison.Ordinal));
        Assert.Contains("Everything was decided as it was recorded.", replay.Log);
    }
}
