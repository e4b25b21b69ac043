namespace Piraeus.HighAvailability.Controller.Demo;

/// <summary>The stories that are told by themselves. Each ends with null, or with what did not go as it should.</summary>
internal static class Scenarios
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(90);

    private static readonly (string Name, Func<Director, Task<string?>> Play)[] All =
    [
        ("node-crash", NodeCrashAsync),
        ("partition", PartitionAsync),
        ("flap", FlapAsync),
        ("linstor-restart", LinstorRestartAsync),
        ("leader-loss", LeaderLossAsync),
    ];

    /// <summary>What may be asked for.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(scenario => scenario.Name)];

    public static Task<string?> PlayAsync(string name, Director director) => Array.Find(All, scenario => scenario.Name == name).Play(director);

    private static async Task<string?> NodeCrashAsync(Director director)
    {
        director.Do("crash", "node-a");
        return await director.UntilAsync(_ => AllMoved(director), "db-0 and queue-0 to work elsewhere", Long)
            ?? Untouched(director, "cache", "archive")
            ?? await director.PauseAsync(2)
            ?? director.Do("power-on", "node-a")
            ?? await director.UntilAsync(AllWell, "everything to work again, and node-a to be free of its taint", Long);
    }

    private static async Task<string?> PartitionAsync(Director director)
    {
        director.Do("cut-off", "node-a");
        return await director.UntilAsync(_ => AllMoved(director), "db-0 and queue-0 to work elsewhere", Long)
            ?? Untouched(director, "cache", "archive")
            ?? await director.PauseAsync(2)
            ?? director.Do("rejoin", "node-a")
            ?? await director.UntilAsync(world => AllWell(world) && !world.Nodes.SelectMany(node => node.Pods).Any(pod => pod.Phase == "Forgotten"), "the old pods to end, and everything to work", Long);
    }

    private static async Task<string?> FlapAsync(Director director)
    {
        for (var round = 0; round < 3; round++)
        {
            director.Do("cut-off", "node-a");
            _ = await director.PauseAsync(0.7 * director.Grace.TotalSeconds);
            director.Do("rejoin", "node-a");
            if (await director.UntilAsync(AllWell, "everything to work again", Long) is { } problem)
            {
                return problem;
            }
        }

        _ = await director.PauseAsync(director.Grace.TotalSeconds);
        return Untouched(director, [.. Workload.All.Select(workload => workload.Name)]);
    }

    private static async Task<string?> LinstorRestartAsync(Director director)
    {
        director.Do("restart-linstor", "");
        return await director.UntilAsync(world => !world.LinstorRuns, "LINSTOR to stop", Long)
            ?? await director.UntilAsync(world => world.LinstorRuns && world.Nodes.All(node => node.Satellite == "Online"), "LINSTOR to be back", Long)
            ?? await director.PauseAsync(director.Grace.TotalSeconds + 2)
            ?? Untouched(director, [.. Workload.All.Select(workload => workload.Name)]);
    }

    private static async Task<string?> LeaderLossAsync(Director director)
    {
        director.Do("freeze-leader", "");
        director.Do("crash", "node-a");
        return await director.UntilAsync(_ => AllMoved(director), "the other replica to take over, and db-0 and queue-0 to work elsewhere", Long)
            ?? director.Do("resume-leader", "")
            ?? await director.PauseAsync(4)
            ?? Untouched(director, "cache", "archive");
    }

    private static bool AllMoved(Director director) => Workload.All.Where(workload => workload is { Moves: true, Home: "node-a" })
        .All(workload => Chronicle.Current(director.World, workload) is { Works: true, Uid: var uid } && uid != director.FirstUid(workload));

    private static bool AllWell(WorldView world) =>
        Workload.All.All(workload => Chronicle.Current(world, workload) is { Works: true }) && world.Nodes.All(node => node is { Taints: [], Satellite: "Online" });

    private static string? Untouched(Director director, params string[] names) =>
        Workload.All.FirstOrDefault(workload => names.Contains(workload.Name) && director.FirstUid(workload) != Chronicle.Current(director.World, workload)?.Uid) is { } touched
            ? $"{touched.Pod} was deleted"
            : null;
}
