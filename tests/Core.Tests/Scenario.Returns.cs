namespace Piraeus.HighAvailability.Core.Tests;

/// <content>Satellites that go away and come back, on four nodes: a, where the app runs, b and c with the other replicas, and x without one.</content>
internal sealed partial class Scenario
{
    private static readonly Satellite[] _four = [.. "abcx".Select(node => On($"{node}"))];

    /// <summary>The four nodes, with the app on a, which is not ready. The third replica may be a tie-breaker.</summary>
    public static Scenario WithThird(bool tieBreaker) =>
        WithAppOn("a", NoStorm, replica => tieBreaker && replica.Node.Value == "c" ? replica with { Diskless = true, Score = 2 } : replica).Satellites(_four).Node("a", ready: false);

    /// <summary>A process that has just started, and will be told of these replicas.</summary>
    public static Scenario Started(params Replica[] replicas) => JustStarted(NoStorm, _four).Sync().Node("a", ready: false)
        .Volume("pv-1", "data", "pvc-1").Attachment("va-1", "pv-1", "a").Pod("app-0", "a").Facts("pvc-1", "majority", replicas);

    /// <summary>All three replicas are well, and a's is in use.</summary>
    public static Replica[] Healthy() => [.. AllConnected("abc").Select(one => one.Node.Value == "a" ? one with { Usage = Usage.InUse } : one)];

    /// <summary>All satellites are listed as online.</summary>
    public Scenario ListAll() => Satellites(_four);

    /// <summary>All satellites but one are listed as online.</summary>
    public Scenario ListAllBut(string node) => Satellites([.. _four.Select(satellite => satellite.Name.Value == node ? Off(node) : satellite)]);

    /// <summary>A's own links are down.</summary>
    public Scenario Cut() => Link("a", "b", up: false).Link("a", "c", up: false).Replica("a", one => one with { Score = 0 });

    /// <summary>A's own links are up again.</summary>
    public Scenario Mend() => Link("a", "b", up: true).Link("a", "c", up: true).Replica("a", one => one with { Score = 10103 });

    /// <summary>The satellite registers, and reports this.</summary>
    public Scenario Back(string node, Replica replica, bool report = true)
    {
        Satellite(node, SatelliteState.Online).Replica(node, _ => replica);
        return report ? Report("pvc-1") : this;
    }

    /// <summary>LINSTOR goes away, and reaches no satellite when it starts.</summary>
    public Scenario AllAway(bool streamed = true)
    {
        LinstorGoesAway();
        foreach (var node in "abc".Select(name => $"{name}"))
        {
            Satellite(node, SatelliteState.Offline, streamed: false).Replica(node, replica => new(replica.Node) { Diskless = replica.Diskless }, streamed: false);
        }

        return streamed ? Streaming.Stream(this, "abc", Promotability.Unknown) : this;
    }
}
