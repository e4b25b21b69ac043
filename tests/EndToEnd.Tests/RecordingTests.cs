using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>What is left of an incident when the controller is gone.</summary>
public sealed class RecordingTests(SharedControlPlane shared)
{
    [Fact]
    public async Task A_recording_of_a_crash_is_replayed_and_tells_what_was_deleted_and_why()
    {
        await using var stage = await TestCluster.SetAsync(shared);
        var db = await stage.Workloads.StatefulSetAsync("db", on: stage.A);
        var recording = stage.FileOf("recording");
        var controller = await stage.StartControllerAsync($"--record={recording}");

        stage.Crash(stage.A);
        await stage.UntilDeletedAsync("pod db-0", "attachment of data-db-0 on a");
        await stage.World.UntilMovedAsync(db, from: stage.A, within: TimeSpan.FromSeconds(120));
        await stage.UntilSaidAsync("after its storage was lost");
        await controller.KillAsync(stage.World.Closing); // the recording has no end
        var replay = await stage.ReplayAsync(recording);
        await stage.EventuallyAsync(() => replay.HasExited, "the replay has ended");

        Assert.True(replay.ExitCode == 0, replay.LogTail());
        Assert.Contains(replay.Log, line => line.Contains($"decided   Deleting pod {stage.World.Namespace}/db-0 on node {stage.A}: it has lost resource ", StringComparison.Ordinal));
        Assert.Contains(replay.Log, line => line.Contains("answered  Deleting pod", StringComparison.Ordinal) && line.EndsWith("The answer was Accepted.", StringComparison.Ordinal));
        Assert.Contains(replay.Log, line => line.Contains("after its storage was lost", StringComparison.Ordinal));
        Assert.Contains("Everything was decided as it was recorded.", replay.Log);
    }
}
