using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

/// <summary>A world of three nodes in virtual time, and everything that LINSTOR told its subscribers.</summary>
internal sealed class StorageScenario
{
    private StorageScenario()
    {
        World.AddNodes("a", "b", "c");
        World.Knowledge.Changed += changed => Events.Add((World.EventQueue.Now, changed));
    }

    public StorageWorld World { get; } = new();

    public List<(TimeSpan At, PromotionEvent Event)> Events { get; } = [];

    /// <summary>What was told, as <c>node=value</c>, where <c>?</c> is unknown.</summary>
    public IEnumerable<string> ReportedPromotions => Events.Select(reported => $"{reported.Event.Node}={TextOf(reported.Event.MayPromote)}");

    /// <summary>The resource <c>r</c> on three diskful nodes, in use on <c>a</c>; nothing told yet.</summary>
    public static StorageScenario OfThreeReplicas() => Begin(world => world.AddResource("r", ["a", "b", "c"]));

    /// <summary>The resource <c>r</c> on <c>a</c> and <c>b</c> with a tie-breaker on <c>c</c>, in use on <c>a</c>; nothing told yet.</summary>
    public static StorageScenario OfTwoReplicasAndATieBreaker() => Begin(world => world.AddResource("r", ["a", "b"], tieBreaker: "c"));

    public static StorageScenario Empty() => new();

    /// <summary>What LINSTOR knows of <c>r</c> on a node: <c>true/10102/used</c>; <c>-</c> if nothing.</summary>
    public string Known(string node) => World.KnownOf("r", node) is { } report
        ? $"{TextOf(report.MayPromote)}/{report.PromotionScore?.ToString() ?? "?"}/{(report.InUse == true ? "used" : "unused")}"
        : "-";

    public string[] KnownOfAll() => [Known("a"), Known("b"), Known("c")];

    public string[] MessagesOn(string node) => [.. World.KnownOf("r", node)!.Connections.Select(connection => $"{connection.Peer}:{connection.Message}")];

    /// <summary>Long enough for everything to have been noticed.</summary>
    public void Settle() => World.RunFor(TimeSpan.FromMinutes(1));

    private static StorageScenario Begin(Action<StorageWorld> populate)
    {
        var scenario = new StorageScenario();
        populate(scenario.World);
        Assert.Equal(PromotionOutcome.Promoted, scenario.World.Promote("r", "a"));
        scenario.Events.Clear();
        return scenario;
    }

    private static string TextOf(bool? value) => value switch { true => "true", false => "false", null => "?" };
}
