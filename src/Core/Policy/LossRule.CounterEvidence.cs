namespace Piraeus.HighAvailability.Core;

/// <content>What speaks against a loss, and when it falls: clauses 4 and 5.</content>
internal sealed partial class LossRule
{
    // A defence stands against the peer's words: a link to the node that is up, said by anybody who has quorum; quorum, said by the node itself.
    private (HoldReason? Reason, NodeName? By)? Defended(Speaker peer)
    {
        // Who is connected to the peer and says the same, bears the peer out at a later time.
        var accused = AccusedBy(peer);
        foreach (var other in _others.Where(other => other != peer && _view.Speaks(other) && other.Promotability == Promotability.MayPromote))
        {
            var isApart = _view.LinkFrom(other, _own.Node) is { Current: true, Value: false } || (other.Diskless && _own.Diskless);
            accused = isApart && _view.LinkFrom(other, peer.Node) is { Current: true, Value: true } ? Later(accused, AccusedBy(other)) : accused;
        }

        var isBorneOut = _others.Exists(other => other != peer && IsPromotablePeer(other) && _view.LinkFrom(other, _own.Node) is { Current: true, Value: false });
        foreach (var other in _others)
        {
            if (!isBorneOut && FindsPrimaryBehind(peer, other, accused.Oldest))
            {
                return (HoldReason.StillConnected, other.Node);
            }

            if (other.Score is not { Value: 0 } && _view.LinkFrom(other, _own.Node) is { Value: true } link && Stands(other, link.Last, accused))
            {
                return (other.Score is { Current: true, Value: > 0 } && other.Promotability != Promotability.MayPromote ? HoldReason.SideHasQuorum : HoldReason.StillConnected, other.Node);
            }
        }

        if (!HasOwnDefence())
        {
            return null;
        }

        // The node lives in a partition that has quorum by its own word, and could not by anybody's arithmetic: its policy does not fence.
        if (KeepsQuorumAlone())
        {
            return (HoldReason.KeepsQuorumAlone, _own.Node);
        }

        if (!Stands(_own, _ownSpeaks ? null : _own.Score?.Last, accused))
        {
            return null;
        }

        // That LINSTOR repeats the words of a node is no sign that a policy has reached it: it has to have said something new since.
        _isOutvoted = IsOutvoted();
        return !_isOutvoted ? (HoldReason.SideHasQuorum, _own.Node) : _resource.HasChangedUnderPolicy(_own) ? null : (HoldReason.NoQuorumPolicy, peer.Node);
    }

    // Who has quorum and only the data of others, but may not promote on their strength, knows of a Primary, or that they are a Primary's neighbours, whose data DRBD calls unstable. If it is
    // connected to the peer, and that is not older than the peer's word (what is said after a silence is as new as its end), the peer repeats the past. Two peers that say the same do not.
    private bool FindsPrimaryBehind(Speaker peer, Speaker other, Instant accused) => other != peer && _view.Speaks(other)
        && other is { MayPromote: { Current: true, Value: false } no, Score: { Current: true, Value: > 0 and var score } } && !IsUpToDate(score) && Instant.Later(no.Since, other.BackSince) >= accused
        && _view.LinkFrom(other, peer.Node) is { Current: true, Value: true };

    // When a replica was first heard to say both that it may promote and, if it has a link to the node, that this is down; and how old that may be.
    private (Instant Oldest, Instant Heard) AccusedBy(Speaker other)
    {
        var may = other.MayPromote!.Value;
        return _view.LinkFrom(other, _own.Node) is { Value: false } down ? Later((may.OldestSince, may.Since), (down.OldestSince, down.Since)) : (may.OldestSince, may.Since);
    }

    private static (Instant Oldest, Instant Heard) Later((Instant Oldest, Instant Heard) one, (Instant Oldest, Instant Heard) other) =>
        (Instant.Later(one.Oldest, other.Oldest), Instant.Later(one.Heard, other.Heard));

    // Score zero agrees with the loss, whatever links may be up. A node that speaks and leaves the score out has not said that. Who was declared lost is dead, whatever it said last.
    private bool HasOwnDefence() => _own.HeardAt is not null && _own.Presence != Presence.Lost && (_own.Score is not { } score || score.Value != 0 || (_ownSpeaks && !score.Current));

    // While its speaker speaks; afterwards if it is not older than what accuses, or was repeated for so long that LINSTOR's own delay does not explain it.
    private bool Stands(Speaker speaker, LastHeard? last, (Instant Oldest, Instant Heard) accused)
    {
        var words = last ?? new LastHeard(speaker.ReportedAt ?? Instant.Start, speaker.ChangedAt);
        return (last is null && _view.Speaks(speaker)) || words.ChangedAt >= accused.Oldest || words.HeardAt > accused.Heard + Timings.LongestDetection;
    }

    // It has to have said so for a moment: LINSTOR shows link by link and value by value what changes at once.
    private bool KeepsQuorumAlone()
    {
        if (_own.Score is not { Value: > 0 } score || _own.Memberships.IsEmpty || (_ownSpeaks && !score.Current))
        {
            return false;
        }

        var words = score.Last ?? new LastHeard(_own.ReportedAt ?? Instant.Start, _own.ChangedAt);
        return words.HeardAt - words.ChangedAt >= Timings.ShortestAdmission && _own.Links.Any(link => !link.Up.Value && link.Up.Last == score.Last)
            && !_own.Memberships.Any(known => QuorumPolicy.MayHaveQuorum(PolicyOf(known), known.Members, member => member.Node == _own.Node || MayReach(member.Node)));
    }

    // Links that are down beside a score that is missing, or beside words that changed a moment ago: neither an admission nor the end of one.
    private bool MayBeAboutToAdmit() => _ownSpeaks && _own.MissesPeer
        && (_own.Score is not { Current: true } score || (score.Value > 0 && _own.ReportedAt - _own.ChangedAt < Timings.ShortestAdmission));

    // A replica without a disk has quorum if one that it is connected to has it.
    private bool MayReach(NodeName member) => _view.LinkFrom(_own, member) is not { Value: false }
        || (_own.Diskless && _others.Exists(other => _view.LinkFrom(_own, other.Node) is { Value: true } && other.Node != member && _view.LinkFrom(other, member) is not { Value: false }));

    // A satellite that answers pings may repeat the past. Everybody else with a link to the node contradicts it, not before what it says, and has done so for longer
    // than DRBD takes to notice: then it is the one that is wrong, unless it admits that a link is down.
    private bool IsOutvoted()
    {
        var (latest, oldest) = (Instant.Start, Instant.Start);
        var voters = 0;
        var arePromotable = true;
        foreach (var other in _others.Where(HasLinkToNode))
        {
            if (!_view.Speaks(other) || _view.LinkFrom(other, _own.Node) is not { Current: true, Value: false } denial
                || denial.OldestSince < _own.NewsAt
                || _view.LinkFrom(_own, other.Node) is { Value: false })
            {
                return false;
            }

            voters++;
            arePromotable &= other.Promotability == Promotability.MayPromote;
            latest = Instant.Later(latest, denial.Since);
            oldest = Instant.Later(oldest, denial.OldestSince);
        }

        // One voice does not outvote another. Where only one has a link to the node, another has to say that no Primary is in its reach.
        if (voters < (_others.Exists(other => other.Diskless && _own.Diskless && _view.Speaks(other) && other.Promotability == Promotability.MayPromote) ? 1 : 2))
        {
            return false;
        }

        // What was contradicted only after the node fell silent, may have been true to its last word; what everybody contradicted from the first words on, or while LINSTOR had yet to return, was not.
        var falls = latest + Timings.LongestDetection;
        var goesOn = _ownSpeaks || (oldest <= _linstor.ReturnedAt && arePromotable);
        var isOutvoted = (goesOn ? _now : _own.HeardAt) >= falls;
        _reviewAt = goesOn && !isOutvoted ? falls : null;
        return isOutvoted;
    }

    // Two replicas without a disk have no connection; who was declared lost is dead. One that is being removed, or was evicted, stays listed for as long as its node is away; the node names it while it knows it.
    private bool HasLinkToNode(Speaker other) => other.Presence != Presence.Lost && !(other.Diskless && _own.Diskless)
        && !(other.Leaving && _view.LinkFrom(_own, other.Node) is not { Current: true });
}
