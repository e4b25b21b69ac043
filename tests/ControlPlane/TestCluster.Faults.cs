namespace Piraeus.HighAvailability.ControlPlane;

/// <content>Faults of nodes, links and satellites.</content>
public sealed partial class TestCluster
{
    /// <summary>The node loses power.</summary>
    public void Crash(string node)
    {
        World.Crash(node);
        Linstor.Do(world => world.PowerOff(LinstorName(node)));
    }

    /// <summary>The node's replication links fail; its kubelet and its satellite keep working.</summary>
    public void CutLinks(string node) => Linstor.Do(world => world.CutLinks(LinstorName(node)));

    /// <summary>The node hangs: its kubelet and its DRBD are dead, but its satellite answers pings, so that LINSTOR reports it ONLINE and repeats its last report.</summary>
    public void Hang(string node)
    {
        World.Crash(node);
        Linstor.Do(world =>
        {
            world.HangSatellite(LinstorName(node));
            world.CutLinks(LinstorName(node));
        });
    }

    /// <summary>The satellite's process ends; the node's DRBD and its kubelet keep working.</summary>
    public void StopSatellite(string node) => Linstor.Do(world => world.StopSatellite(LinstorName(node)));

    public void StartSatellite(string node) => Linstor.Do(world => world.StartSatellite(LinstorName(node)));

    public void HealLinks(string node) => Linstor.Do(world => world.HealLinks(LinstorName(node)));
}
