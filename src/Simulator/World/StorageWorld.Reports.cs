using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>Carries DRBD's true state to LINSTOR's knowledge.</remarks>
public sealed partial class StorageWorld
{
    private List<DrbdReplica> ReplicasOn(StorageNode node) =>
        [.. _definitions.Values.SelectMany(definition => definition.Members).Where(replica => replica.Node == node)];

    private void SettleAll()
    {
        foreach (var definition in _definitions.Values)
        {
            Settle(definition);
        }
    }

    private void SettleAllOn(params ReadOnlySpan<StorageNode> nodes)
    {
        foreach (var definition in _definitions.Values)
        {
            foreach (var member in definition.Members)
            {
                if (nodes.Contains(member.Node))
                {
                    Settle(definition);
                    break;
                }
            }
        }
    }

    private void Settle(ResourceDefinition definition)
    {
        _replication.Settle(definition);
        definition.Members.ForEach(Publish);
        Settled?.Invoke(definition);
    }

    /// <summary>Reports about the replica reach LINSTOR.</summary>
    private bool Reports(DrbdReplica replica) =>
        !replica.Forgotten && replica.Node.Reports;

    private void Publish(DrbdReplica replica)
    {
        if (Reports(replica))
        {
            if (replica.Up)
            {
                Knowledge.Learn(replica, Read(replica));
            }
        }
        else if (replica is { Forgotten: false, LastRead: { } old, Node: { SatelliteHangs: true, SatelliteReachable: true, Status: ConnectionStatus.Online } })
        {
            Knowledge.Learn(replica, old);
        }
    }

    private static ReplicaReport Read(DrbdReplica replica) => replica.Definition.IsDrbd ? Report(replica) : ReportOfOtherLayer(replica);

    private static ReplicaReport Report(DrbdReplica replica)
    {
        var view = Replication.View(replica);
        var connections = replica.Configured
            .Where(peer => peer != replica && !(peer.Diskless && replica.Diskless))
            .Select(peer => new PeerConnection(peer.Node.Uname, Message(replica, peer)));
        return new(Drbd.MayPromote(view), Drbd.PromotionScore(view), view.Role == DrbdRole.Primary, view.Disk, [.. connections]);
    }

    private static string Message(DrbdReplica replica, DrbdReplica peer) =>
        replica.IsConnectedTo(peer) ? "Connected" : replica.Definition.SplitBrain(replica, peer) ? "StandAlone" : "Connecting";

    /// <summary>LUKS reports that the device is unused; the other layers do not know.</summary>
    private static ReplicaReport ReportOfOtherLayer(DrbdReplica replica) =>
        new(null, null, replica.Definition.Layers is ["LUKS", ..] ? false : null, null, ImmutableArray<PeerConnection>.Empty);

    private void PublishAllOf(StorageNode node)
    {
        FinishOrders(node);
        SettleAllOn(node);
    }

    private void AdjustAllOf(StorageNode node)
    {
        if (node.SatelliteHangs)
        {
            _replication.Configure(node, _definitions.Values); // only its reports hang
        }

        PublishAllOf(node);
    }

    private void ForgetAllOf(StorageNode node)
    {
        foreach (var replica in ReplicasOn(node))
        {
            Knowledge.Forget(replica);
        }

        foreach (var definition in _definitions.Values)
        {
            Settled?.Invoke(definition); // the node's silence also affects what is known of its peers
        }
    }
}
