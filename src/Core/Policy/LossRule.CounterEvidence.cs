namespace Piraeus.HighAvailability.Core;

/// <content>Counter-evidence, and when it no longer counts: clauses 4 and 5.</content>
internal sealed partial class LossRule
{
    // Counter-evidence against the peer is an up link to the node, reported by any speaker except one without quorum; or quorum, reported by the node itself.
    private (HoldReason? Reason, NodeName? By)? Contradicted(Speaker peer)
    {
        // A speaker that is connected to the peer and says the same confirms the peer at a later time.
        var evidence = LossEvidenceFrom(peer);
        foreach (var other in _others.Where(other => other != peer && _view.Speaks(other) && other.Promotability == Promotability.MayPromote))
        {
            var isApart = _view.LinkFrom(other, _own.Node) is { Current: true, Value: false } || (other.Diskless && _own.Diskless);
            if (isApart && _view.LinkFrom(other, peer.Node) is { Current: true, Value: true })
            {
                // Two that agree are not both stale, so it is no older than it was heard.
                var (_, heard) = Later(evidence, LossEvidenceFrom(other));
                evidence = (heard, heard);
            }
        }

        var isBorneOut = _others.Exists(other => other != peer && IsPromotablePeer(other) && _view.LinkFrom(other, _own.Node) is { Current: true, Value: false });
        foreach (var other in _others)
        {
            if (other.Score is not { Value: 0 } && _view.LinkFrom(other, _own.Node) is { Value: true } link && Stands(other, link.Last, evidence) && !IsRefutedByNode(link) && !IsGoneWithNode(other, link))
            {
                return (other.Score is { Current: true, Value: > 0 } && other.Promotability != Promotability.MayPromote ? HoldReason.SideHasQuorum : HoldReason.StillConnected, other.Node);
            }

            if (!isBorneOut && FindsPrimaryBehind(peer, other, evidence.Oldest))
            {
                return (HoldReason.StillConnected, other.Node);
            }
        }

        if (!HasOwnCounterEvidence())
        {
            return null;
        }

        // The node reports that its partition has quorum, although no known membership and policy gives it quorum. So its policy does not fence.
        if (KeepsQuorumAlone())
        {
            return (HoldReason.KeepsQuorumAlone, _own.Node);
        }

        if (!Stands(_own, _ownSpeaks ? null : _own.Score?.Last, evidence))
        {
            return null;
        }

        // LINSTOR's repetition of a statement does not show that a policy has reached the node: the node must have said something new since.
        _isOutvoted = IsOutvoted();
        return !_isOutvoted ? (HoldReason.SideHasQuorum, _own.Node) : _resource.HasChangedUnderPolicy(_own) ? null : (HoldReason.NoQuorumPolicy, peer.Node);
    }

    // LINSTOR has told a replica that speaks to forget a node that was declared lost.
    private bool IsGoneWithNode(Speaker other, Statement<bool> link) => _own.Presence == Presence.Lost && _view.Speaks(other) && !link.Current;

    // The node lost quorum after a replica that is silent now last reported its link to it, by more than LINSTOR's delays explain. After a silence of its own, it may repeat older state.
    private bool IsRefutedByNode(Statement<bool> link) => _ownSpeaks && _own.Score is { Current: true, Value: 0 } none
        && link.Last is { } last && none.Since > last.HeardAt + Timings.LongestDetection && _own.BackSince <= last.HeardAt;

    // A speaker that has quorum and data, its own or other replicas', but may not promote with it, knows of a Primary, or that a replica it is connected to neighbours a Primary: DRBD calls that
    // replica's data unstable. Two sides cannot both have quorum, so it is on the peer's side, and if it found the Primary after the time that the peer's statement may be from, the peer repeats
    // stale state. Two peers that agree do not.
    private bool FindsPrimaryBehind(Speaker peer, Speaker other, Instant evidenceSince) => other != peer && _view.Speaks(other)
        && other is { MayPromote: { Current: true, Value: false } no, Score: { Current: true, Value: > 0 and var score } } && (!IsUpToDate(score) || IsKeptFromPromoting(other))
        && (KnowsOnlyThroughOthers(other, evidenceSince) || Instant.Later(no.Since + Timings.LongestDetection, FoundSince(other, peer)) >= evidenceSince);

    // Without a connection to the peer, its denial is as new as its last statement. With one, it was as free to promote as the peer, and would have said so. So an old denial is from the middle of a
    // change, where its satellite hangs. One that was first heard a moment before the peer's statement is not old: the peer's may have been late.
    private Instant FoundSince(Speaker other, Speaker peer) =>
        _view.LinkFrom(other, peer.Node) is { Current: true, Value: true } up ? Instant.Later(up.Since, other.BackSince) : other.ChangedAt;

    // A speaker whose link to the node went down long before is in the middle of no change: it knows of the Primary through others. Its denial may have ended and begun anew while no event arrived.
    private bool KnowsOnlyThroughOthers(Speaker other, Instant evidenceSince) =>
        _view.LinkFrom(other, _own.Node) is { Current: true, Value: false } down && down.Since + Timings.LongestDetection < evidenceSince;

    // With data of its own, a speaker may also be Primary itself, or may have lost quorum since its score was reported.
    private static bool IsKeptFromPromoting(Speaker other) => other is { InUse: not { Value: true }, IsReportCurrent: true };

    // When a replica first said both that it may promote and, if it has a link to the node, that the link is down; and how old that may be.
    private (Instant Oldest, Instant Heard) LossEvidenceFrom(Speaker other)
    {
        var may = other.MayPromote!.Value;
        return _view.LinkFrom(other, _own.Node) is { Value: false } down ? Later((may.OldestSince, may.Since), (down.OldestSince, down.Since)) : (may.OldestSince, may.Since);
    }

    private static (Instant Oldest, Instant Heard) Later((Instant Oldest, Instant Heard) one, (Instant Oldest, Instant Heard) other) =>
        (Instant.Later(one.Oldest, other.Oldest), Instant.Later(one.Heard, other.Heard));

    // Score zero agrees with the loss, whatever links are up. A node that speaks without a score has not reported zero. A node declared lost counts as dead, whatever it reported last.
    private bool HasOwnCounterEvidence() => _own.HeardAt is not null && _own.Presence != Presence.Lost && (_own.Score is not { } score || score.Value != 0 || (_ownSpeaks && !score.Current));

    // Counter-evidence counts while its speaker speaks. Afterwards it counts if it is not older than the loss evidence, or was repeated for longer than LINSTOR's own delay explains.
    private bool Stands(Speaker speaker, LastHeard? last, (Instant Oldest, Instant Heard) evidence)
    {
        // What only the stream has stated before LINSTOR's first list has the date of that list, as loss evidence has.
        var words = last ?? (speaker.ReportedAt is { } reported ? new LastHeard(reported, speaker.ChangedAt) : new(Instant.Start, Instant.Later(speaker.ChangedAt, _linstor.FirstReturnedAt ?? speaker.ChangedAt)));
        return (last is null && _view.Speaks(speaker)) || words.ChangedAt >= evidence.Oldest || words.HeardAt > evidence.Heard + Timings.LongestDetection;
    }

    // The node must say so for a moment, because LINSTOR shows one change link by link and value by value.
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

    // Links that are down with a missing score, or with a statement that changed a moment ago, are neither an admission nor the end of one.
    private bool MayBeAboutToAdmit() => _ownSpeaks && _own.MissesPeer
        && (_own.Score is not { Current: true } score || (score.Value > 0 && _own.ReportedAt - _own.ChangedAt < Timings.ShortestAdmission));

    // A replica without a disk has quorum if one that it is connected to has it.
    private bool MayReach(NodeName member) => _view.LinkFrom(_own, member) is not { Value: false }
        || (_own.Diskless && _others.Exists(other => _view.LinkFrom(_own, other.Node) is { Value: true } && other.Node != member && !IsApart(other, member)));

    private bool IsApart(Speaker other, NodeName member) => _view.LinkFrom(other, member) is { Value: false } link && !(link.Last is { } last && HasFoundSince(member, other.Node, last.HeardAt));

    // Whether the other end of a link has found it up after a silent replica last reported it as down, by more than LINSTOR's delays explain, and before the consumer's node was last heard.
    private bool HasFoundSince(NodeName member, NodeName silent, Instant heard) => _resource.Find(member) is { } end && end.BackSince <= heard
        && _view.LinkFrom(end, silent) is { Current: true, Value: true } up && up.Since > heard + Timings.LongestDetection && up.Since <= _own.HeardAt;

    // A satellite that answers pings may repeat stale state. It is wrong if every other speaker with a link to the node contradicts it, no earlier than its own statement and for longer than
    // DRBD takes to notice, unless it reports a link as down itself.
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

        // One speaker does not outvote another. If only one has a link to the node, a second speaker must say that it sees no Primary.
        if (voters < (_others.Exists(other => other.Diskless && _own.Diskless && _view.Speaks(other) && other.Promotability == Promotability.MayPromote) ? 1 : 2))
        {
            return false;
        }

        // A statement contradicted only after the node fell silent may have been true until then. A statement that every voter contradicted from the first report on, or before LINSTOR returned,
        // was not.
        var falls = latest + Timings.LongestDetection;
        var goesOn = _ownSpeaks || (oldest <= _linstor.ReturnedAt && arePromotable);
        var isOutvoted = (goesOn ? _now : _own.HeardAt) >= falls;
        _reviewAt = goesOn && !isOutvoted ? falls : null;
        return isOutvoted;
    }

    // Two diskless replicas have no connection, and a node declared lost is dead. A replica that is being removed or was evicted stays listed while its node is away; the consumer's node reports
    // a link to it while it knows it.
    private bool HasLinkToNode(Speaker other) => other.Presence != Presence.Lost && !(other.Diskless && _own.Diskless)
        && !(other.Leaving && _view.LinkFrom(_own, other.Node) is not { Current: true });
}
