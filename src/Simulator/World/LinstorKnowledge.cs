using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <summary>A DRBD connection as a satellite reports it.</summary>
/// <param name="Peer">The peer's host name (uname), which may differ from its name in LINSTOR.</param>
/// <param name="Message">DRBD's connection state; only <c>Connected</c> means connected.</param>
public readonly record struct PeerConnection(string Peer, string Message);

/// <summary>A satellite's report about a replica.</summary>
/// <param name="MayPromote">Null: not known.</param>
/// <param name="PromotionScore">Null: not known.</param>
/// <param name="InUse">Null: the top layer cannot tell.</param>
/// <param name="Disk">Null: there is no DRBD to report it.</param>
public sealed record ReplicaReport(bool? MayPromote, int? PromotionScore, bool? InUse, DiskState? Disk, ImmutableArray<PeerConnection> Connections)
{
    /// <summary>A new DRBD object, before its first real values: not in use, nothing else known.</summary>
    public static ReplicaReport Fresh { get; } = new(null, null, false, null, []);
}

/// <summary>What the LINSTOR controller process keeps in memory about replicas. None of it survives the process.</summary>
public sealed class LinstorKnowledge
{
    private readonly Dictionary<DrbdReplica, ReplicaReport> _reports = [];

    /// <summary>Raised whenever <see cref="ReplicaReport.MayPromote"/> changes, and only then. The new value can be read already.</summary>
    public event Action<PromotionEvent>? Changed;

    /// <summary>The latest report of a replica; null if there is no live data from its satellite.</summary>
    public ReplicaReport? About(DrbdReplica replica) => _reports.GetValueOrDefault(replica);

    internal void Learn(DrbdReplica replica, ReplicaReport report)
    {
        var before = About(replica)?.MayPromote;
        _reports[replica] = report;
        Publish(replica, before, report.MayPromote);
    }

    internal void Forget(DrbdReplica replica)
    {
        _reports.Remove(replica, out var before);
        Publish(replica, before?.MayPromote, null);
    }

    /// <summary>Forgets a replica, because LINSTOR's database no longer has it or the process ends. Raises no event.</summary>
    internal void Drop(DrbdReplica replica) => _reports.Remove(replica);

    internal void DropAll() => _reports.Clear();

    private void Publish(DrbdReplica replica, bool? before, bool? now)
    {
        if (before != now)
        {
            Changed?.Invoke(new(replica.Definition.Name, replica.Node.Name, now));
        }
    }
}
