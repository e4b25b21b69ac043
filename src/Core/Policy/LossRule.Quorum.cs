namespace Piraeus.HighAvailability.Core;

/// <content>Where quorum may be: clause 6, and whether both sides of another volume may have it.</content>
internal sealed partial class LossRule
{
    // True if the node reports that it keeps quorum, whatever the others say, or if it may have quorum while a peer also has it. A promotable peer can rule this out, and so can the node: it has
    // no quorum, or misses no peer. Until then, the previous value stands.
    private bool? MayBothHaveQuorum(HoldReason? reason)
    {
        if (reason is null or HoldReason.OwnReplicaMayPromote || _own.Presence is Presence.Removed or Presence.Lost)
        {
            return false;
        }

        if (KeepsQuorumAlone())
        {
            return true;
        }

        if (reason is HoldReason.LinstorSilent or HoldReason.NoSuchResource)
        {
            return null;
        }

        if (_peers.Count > 0)
        {
            return _peers.TrueForAll(peer => _view.LinkFrom(peer, _own.Node) is not { Current: true, Value: true } && MayHaveQuorumElsewhere(peer) is not null);
        }

        // A node that repeats stale state also misses no peer, so this does not rule out a replica that may take over unseen.
        var mayTakeOverUnseen = _others.Exists(other => !_view.Speaks(other) && other is { Diskless: false, MayPromote.Value: true });
        return _ownSpeaks && (_own.Score is { Current: true, Value: 0 } || !(_own.MissesPeer || mayTakeOverUnseen)) ? false : null;
    }

    // By the members and the policy that the node last knew, the node has no quorum, even together with every member that may be on its side. Members added since do not count for the peer;
    // members declared lost may be on the node's side. For a node that no answer has ever included, this process does not know which members on the peer's side were added since: all may have
    // been, except the one that has kept the data.
    private (HoldReason? Reason, NodeName? By)? MayHaveQuorumElsewhere(Speaker peer)
    {
        if (_own.Memberships.IsEmpty || MayKnowMembersThatAreGone())
        {
            return (HoldReason.MayHaveQuorum, _own.Node);
        }

        foreach (var known in _isOutvoted ? [.. _own.Memberships, .. _own.MembershipsAtNews] : _own.Memberships)
        {
            var members = _own.ReportedAt is null ? [.. known.Members.Where(member => member.Node == peer.Node || MayBeOnOwnSide(member.Node, peer))] : known.Members;
            if (QuorumPolicy.MayHaveQuorum(PolicyOf(known), members, member => MayBeOnOwnSide(member.Node, peer)) || MayRemember(known, peer))
            {
                return (HoldReason.MayHaveQuorum, _own.Node);
            }
        }

        return null;
    }

    // A node that was declared lost before the first answer about the resource may have been a member, and may be alive with a node that has never reported.
    private bool MayKnowMembersThatAreGone() => _own.ReportedAt is null && _linstor.Gone.Any(gone => _resource.FirstReportedAt > gone.Value && _resource.Find(gone.Key) is null);

    // DRBD remembers which peers had lost quorum when it last saw them. A node that had quorum while it missed every other voter keeps it alone, whichever peers it loses next. Those voters can
    // have quorum again only with the node, or with a voter that it does not know.
    private bool MayRemember(Membership known, Speaker peer) => _own.Score is { Value: > 0 } score
        && _others.Exists(other => other is { Presence: Presence.Listed, Diskless: false } && !known.Members.Contains(new(other.Node, Votes: true)))
        && known.Members.All(member => !member.Votes || MayBeOnOwnSide(member.Node, peer) || (_view.LinkFrom(_own, member.Node) is { Value: false } link && link.Last == score.Last));

    private bool MayBeOnOwnSide(NodeName member, Speaker peer)
    {
        if (member == _own.Node)
        {
            return true;
        }

        // A removed member that was connected to the node has notified it, which helps the node keep quorum. A recreated member is not the one that the node knows.
        var known = _resource.Find(member);
        if (known?.RecreatedAt > _own.HeardAt || (known?.Presence == Presence.Removed && _view.LinkFrom(known, _own.Node) is { Value: true }))
        {
            return true;
        }

        return member != peer.Node && known?.Presence != Presence.Removed && !AreConnected(peer, member);
    }

    // Both ends of a connection agree within seconds. If they differ, one of them repeats stale state: the connection counts if the statement that it is up is newer.
    private bool AreConnected(Speaker peer, NodeName member)
    {
        var there = _resource.Find(member) is { } other && _view.Speaks(other) ? _view.LinkFrom(other, peer.Node) : null;
        return (_view.LinkFrom(peer, member), there) switch
        {
            ({ Current: true } near, { Current: true } far) when near.Value != far.Value => near.Value ? near.Since > far.Since : far.Since > near.Since,
            ({ Current: true, Value: true }, _) or (_, { Current: true, Value: true }) => true,
            _ => false,
        };
    }

    private string? PolicyOf(Membership known) => known.IsPolicyKnown ? known.Policy : _resource.Policy;
}
