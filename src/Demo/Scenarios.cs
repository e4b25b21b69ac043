namespace Piraeus.HighAvailability.Demo;

/// <summary>The scripted scenarios. Each returns null, or an error message.</summary>
internal static class Scenarios
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(90);

    private static readonly (string Name, Func<DemoSession, Task<string?>> Play)[] All =
    [
        ("node-crash", NodeCrashAsync),
        ("partition", PartitionAsync),
        ("flap", FlapAsync),
        ("linstor-restart", LinstorRestartAsync),
        ("leader-loss", LeaderLossAsync),
    ];

    /// <summary>The available scenarios.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(scenario => scenario.Name)];

    public static Task<string?> PlayAsync(string name, DemoSession demoSession) => Array.Find(All, scenario => scenario.Name == name).Play(demoSession);

    private static async Task<string?> NodeCrashAsync(DemoSession demoSession)
    {
        demoSession.Do("crash", "node-a");
        return await demoSession.UntilAsync(_ => AllMoved(demoSession), "db-0 and queue-0 to work elsewhere", Long)
            ?? Untouched(demoSession, "cache", "archive")
            ?? await demoSession.PauseAsync(2)
            ?? demoSession.Do("power-on", "node-a")
            ?? await demoSession.UntilAsync(AllWell, "everything to work again, and node-a to be free of its taint", Long);
    }

    private static async Task<string?> PartitionAsync(DemoSession demoSession)
    {
        demoSession.Do("cut-off", "node-a");
        return await demoSession.UntilAsync(_ => AllMoved(demoSession), "db-0 and queue-0 to work elsewhere", Long)
            ?? Untouched(demoSession, "cache", "archive")
            ?? await demoSession.PauseAsync(2)
            ?? demoSession.Do("rejoin", "node-a")
            ?? await demoSession.UntilAsync(world => AllWell(world) && !world.Nodes.SelectMany(node => node.Pods).Any(pod => pod.Phase == "Forgotten"), "the old pods to end, and everything to work", Long);
    }

    private static async Task<string?> FlapAsync(DemoSession demoSession)
    {
        for (var round = 0; round < 3; round++)
        {
            demoSession.Do("cut-off", "node-a");
            _ = await demoSession.PauseAsync(0.7 * demoSession.Grace.TotalSeconds);
            demoSession.Do("rejoin", "node-a");
            if (await demoSession.UntilAsync(AllWell, "everything to work again", Long) is { } problem)
            {
                return problem;
            }
        }

        _ = await demoSession.PauseAsync(demoSession.Grace.TotalSeconds);
        return Untouched(demoSession, [.. Workload.All.Select(workload => workload.Name)]);
    }

    private static async Task<string?> LinstorRestartAsync(DemoSession demoSession)
    {
        demoSession.Do("restart-linstor", "");
        return await demoSession.UntilAsync(world => !world.LinstorRuns, "LINSTOR to stop", Long)
            ?? await demoSession.UntilAsync(world => world.LinstorRuns && world.Nodes.All(node => node.Satellite == "Online"), "LINSTOR to be back", Long)
            ?? await demoSession.PauseAsync(demoSession.Grace.TotalSeconds + 2)
            ?? Untouched(demoSession, [.. Workload.All.Select(workload => workload.Name)]);
    }

    private static async Task<string?> LeaderLossAsync(DemoSession demoSession)
    {
        demoSession.Do("freeze-leader", "");
        demoSession.Do("crash", "node-a");
        return await demoSession.UntilAsync(_ => AllMoved(demoSession), "the other replica to take over, and db-0 and queue-0 to work elsewhere", Long)
            ?? demoSession.Do("resume-leader", "")
            ?? await demoSession.PauseAsync(4)
            ?? Untouched(demoSession, "cache", "archive");
    }

    private static bool AllMoved(DemoSession demoSession) => Workload.All.Where(workload => workload is { Moves: true, Home: "node-a" })
        .All(workload => OutageHistory.Current(demoSession.World, workload.FullName) is { Works: true, Uid: var uid } && uid != demoSession.FirstUid(workload));

    private static bool AllWell(WorldView world) =>
        Workload.All.All(workload => OutageHistory.Current(world, workload.FullName) is { Works: true }) && world.Nodes.All(node => node is { Taints: [], Satellite: "Online" });

    private static string? Untouched(DemoSession demoSession, params string[] names) =>
        Workload.All.FirstOrDefault(workload => names.Contains(workload.Name) && demoSession.FirstUid(workload) != OutageHistory.Current(demoSession.World, workload.FullName)?.Uid) is { } touched
            ? $"{touched.Pod} was deleted"
            : null;
}
