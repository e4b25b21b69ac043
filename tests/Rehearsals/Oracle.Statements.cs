using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>Records what LINSTOR's reports say of replicas, and since when: uses, admissions, and satellites that repeat themselves.</content>
internal sealed partial class Oracle
{
    // A report with a broken link and quorum is credible until the node reports otherwise.
    private void NoteAdmissions(ResourceDefinition definition)
    {
        foreach (var replica in definition.Listed)
        {
            var key = (definition.Name, replica.Node.Name);
            var known = Known(replica);
            HistoryOf(key, _spoke).Note(Now, known is not null);
            HistoryOf(key, _usable).Note(Now, known is { MayPromote: true } or { InUse: true });
            HistoryOf(key, _whole).Note(Now, known is { MayPromote: not null } && AreAllConnected(known));
            HistoryOf(key, _unmissed).Note(Now, replica.Node is { Status: ConnectionStatus.Online, SatelliteReachable: false });
            if (known is { } said && !(_statements.TryGetValue(key, out var before) && (before.Statement == said
                || ((said.MayPromote, said.PromotionScore, said.InUse) == (before.Statement.MayPromote, before.Statement.PromotionScore, before.Statement.InUse) && said.Connections.SequenceEqual(before.Statement.Connections)))))
            {
                _statements[key] = (said, Now);
            }

            if (known is { PromotionScore: { } score } statement)
            {
                HistoryOf(key, _admitted).Note(Now, score > 0 && !AreAllConnected(statement));
                HistoryOf(key, _alone).Note(Now, score > 0 && !CouldHaveQuorum(replica, statement));
            }
        }
    }

    // By the connections that the replica reports, and, if it has no disk, by those that the replicas report that it is connected to.
    private bool CouldHaveQuorum(Simulator.World.DrbdReplica replica, ReplicaReport statement)
    {
        var (voters, votes, diskless, tieBreakers) = (0, 0, 0, 0);
        foreach (var node in replica.Members)
        {
            foreach (var member in replica.Definition.Replicas)
            {
                if (member.Node == node)
                {
                    var isReached = IsReached(member) ? 1 : 0;
                    _ = member.Kind == ReplicaKind.Diskful ? (voters++, votes += isReached) : (diskless++, tieBreakers += isReached);
                    break;
                }
            }
        }

        return Drbd.HasQuorum(replica.QuorumPolicy, new QuorumCount(voters, votes, Quorumless: 0, diskless, tieBreakers), had: true);

        bool IsReached(Simulator.World.DrbdReplica member) => member == replica || LinkTo(statement, member) is not false || (replica.Kind != ReplicaKind.Diskful
            && replica.Definition.Listed.Any(other => other != member && other != replica && LinkTo(statement, other) is true && !IsApart(other, member)));
    }

    // A silent replica's last statement counts, unless the other end has found it more than LINSTOR's delays later. After a silence, that may be old state.
    private bool IsApart(Simulator.World.DrbdReplica other, Simulator.World.DrbdReplica member)
    {
        var (definition, name) = (other.Definition.Name, member.Node.Name);
        var number = _cluster.Nodes.First(node => _cluster.Plan.Setup.LinstorName(node.Number) == other.Node.Name).Number;
        return _statements.TryGetValue((definition, other.Node.Name), out var last) && LinkTo(last.Statement, member) is false
            && !(Known(other) is null && Known(member) is not null && HistoryOf((definition, other.Node.Name), _spoke).EndedAt is { } silent && HistoryOf((definition, name), _spoke).Covers(silent - Unseen, Now)
                && _connectsSince.TryGetValue((definition, number, name), out var found) && found > silent + LongestDetection);
    }

    private static bool? LinkTo(ReplicaReport report, Simulator.World.DrbdReplica member)
    {
        bool? link = null;
        foreach (var connection in report.Connections)
        {
            if (connection.Peer == member.Node.Uname)
            {
                link = link is true || connection.Message == "Connected";
            }
        }

        return link;
    }

    private void NoteUse(ResourceDefinition definition)
    {
        foreach (var replica in definition.Listed)
        {
            var key = (definition.Name, replica.Node.Name);
            if (replica.Role != DrbdRole.Primary)
            {
                _primarySince.Remove(key);
            }
            else
            {
                _primarySince.TryAdd(key, Now);
            }

            switch (Known(replica)?.InUse)
            {
                case true when _speaking.Add(key) || !_inUseSince.ContainsKey(key):
                    _inUseSince[key] = Now; // also after a silence
                    break;
                case false:
                    if (_inUseSince.Remove(key))
                    {
                        _useEndedAt[key] = Now;
                    }

                    _speaking.Add(key);
                    break;
                case null when !_silence.IsSo && !(Now - _silence.EndedAt < Unseen): // a statement repeated after LINSTOR was down is not new
                    _speaking.Remove(key);
                    break;
            }
        }
    }

    // A satellite that has worked again for a while has replaced what it repeated.
    private void NoteHung(ResourceDefinition definition)
    {
        foreach (var node in definition.Listed.Select(replica => replica.Node))
        {
            if (node.SatelliteHangs)
            {
                _hung.Add(node.Name);
                _resumed.Remove(node.Name);
            }
            else if (node.Status == ConnectionStatus.Online && _hung.Contains(node.Name))
            {
                _resumed.TryAdd(node.Name, Now);
                if (Now - _resumed[node.Name] > Replaced)
                {
                    _hung.Remove(node.Name);
                }
            }
        }
    }
}
