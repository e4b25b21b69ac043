namespace Piraeus.HighAvailability.Core.Tests;

/// <content>What happens to DRBD and to the satellites.</content>
internal sealed partial class Scenario
{
    /// <summary>The node loses power: its satellite and its DRBD are silent, the others gain quorum without it.</summary>
    public Scenario PowerOff(string node, string resource = "pvc-1") => Silence(node, resource).OthersLose(node, resource);

    /// <summary>The node's replication links fail: its satellite lives and calls it Primary, the others gain quorum without it.</summary>
    public Scenario CutOff(string node, string resource = "pvc-1")
    {
        Replica(node, replica => replica with
        {
            Promotability = Promotability.MayNotPromote,
            Score = 0,
            Connections = [.. replica.Connections.Select(connection => connection with { Up = false })],
        }, resource);
        return OthersLose(node, resource);
    }

    /// <summary>The others gain quorum without the node, which LINSTOR has not noticed yet: it repeats the node's last report.</summary>
    public Scenario OnlyPeersLose(string node, string resource = "pvc-1") => OthersLose(node, resource);

    /// <summary>The node's satellite, a mere process, is away; DRBD goes on.</summary>
    public Scenario Silence(string node, string resource = "pvc-1", bool streamed = true)
    {
        if (_resources[new(resource)].Replicas.ContainsKey(new(node)))
        {
            Replica(node, replica => replica with { Promotability = Promotability.Unknown, Usage = Usage.Unknown, Score = null, Connections = [] }, resource, streamed);
        }

        return Satellite(node, SatelliteState.Offline); // the stream reports it first
    }

    /// <summary>A satellite that was away is back: its DRBD reports the same of the rest as the others of its side.</summary>
    public Scenario Speak(string node, string resource = "pvc-1") => Satellite(node, SatelliteState.Online).Replica(node, replica => replica with
    {
        Promotability = Promotability.MayPromote,
        Usage = Usage.Unused,
        Score = 10102,
        Connections = [new("a", Up: false), new("c", Up: true)],
    }, resource);

    /// <summary>The links heal before anybody promoted elsewhere.</summary>
    public Scenario Heal(string node, string resource = "pvc-1")
    {
        Replica(node, replica => replica with { Score = 10103 }, resource);
        foreach (var other in Others(node, resource))
        {
            Link(other, node, up: true, resource).Link(node, other, up: true, resource).MayNotPromote(other, resource);
        }

        return this;
    }

    private Scenario OthersLose(string node, string resource)
    {
        foreach (var other in Others(node, resource))
        {
            Link(other, node, up: false, resource);
        }

        foreach (var other in Others(node, resource))
        {
            MayPromote(other, resource);
        }

        return this;
    }

    private List<string> Others(string node, string resource) =>
        [.. _resources[new(resource)].Replicas.Keys.Where(other => other != new NodeName(node)).Select(other => other.Value)];
}
