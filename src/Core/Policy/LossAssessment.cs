namespace Piraeus.HighAvailability.Core;

/// <summary>What is to be said of a consumer of a resource on one node, and since when.</summary>
/// <param name="Node">The LINSTOR node.</param>
/// <param name="Reason">What speaks against a loss; null if a consumer there has lost the resource.</param>
/// <param name="By">The LINSTOR node whose words decide it: of a loss, the peer that may promote; else the one whose words are the reason. Null if none is.</param>
/// <param name="Since">From when this has held. Of a loss: without interruption, silence of LINSTOR or of the peer for up to 12 s left out.</param>
/// <param name="AtFirstSight">Whether the resource was in this state when this process first saw it.</param>
public sealed record LossAssessment(NodeName Node, HoldReason? Reason, NodeName? By, Instant Since, bool AtFirstSight)
{
    /// <summary>Whether a consumer there has lost the resource.</summary>
    public bool IsLoss => Reason is null;

    /// <summary>Whether another speaker than <see cref="By"/> says something that agrees with a loss.</summary>
    public bool IsCorroborated { get; init; }

    /// <summary>Whether the node may have quorum while a promotable peer on another side has it, too, whatever else speaks against a loss. Null if no peer has said anything of that yet.</summary>
    public bool? MayBothHaveQuorum { get; init; }

    /// <summary>Whether the node has said a moment ago, and of itself, that it misses a peer, and has yet to say for certain whether it has quorum without that one.</summary>
    public bool IsChanging { get; init; }

    /// <summary>Since when a loss is interrupted by a silence, which may turn out to have been short; null if it is not.</summary>
    public Instant? PausedAt { get; init; }

    /// <summary>For how long the loss had lasted when it was interrupted.</summary>
    private TimeSpan LastedBefore { get; init; }

    /// <summary>When time alone makes it necessary to assess this anew; null if it never does.</summary>
    public Instant? ReviewAt { get; init; }

    /// <summary>The assessment that follows this one.</summary>
    /// <param name="next">What is to be said now; its <see cref="Since"/> is now.</param>
    /// <param name="silentSince">If that is only so because LINSTOR, or the peer, is silent: since when; else null.</param>
    internal LossAssessment Then(LossAssessment next, Instant? silentSince)
    {
        next = next.MayBothHaveQuorum is null && MayBothHaveQuorum is not null ? next with { MayBothHaveQuorum = MayBothHaveQuorum } : next;
        if (next.IsLoss)
        {
            return next with
            {
                Since = IsLoss ? Since : PausedAt is { } paused && next.Since - paused <= Timings.LongestDetection ? next.Since - LastedBefore : next.Since,
                AtFirstSight = IsLoss || PausedAt is not null ? AtFirstSight : next.AtFirstSight,
            };
        }

        var same = next.Reason == Reason;
        var (pausedAt, lasted) = (IsLoss, PausedAt, silentSince) switch
        {
            (true, _, { } began) => (Instant.Later(Since, began), Instant.Later(Since, began) - Since),
            (false, { } already, not null) => (already, LastedBefore),
            _ => ((Instant?)null, TimeSpan.Zero),
        };
        if (next.Since - pausedAt > Timings.LongestDetection)
        {
            (pausedAt, lasted) = (null, TimeSpan.Zero); // too long for a pause
        }

        return next with
        {
            Since = same ? Since : next.Since,
            AtFirstSight = same || pausedAt is not null ? AtFirstSight : next.AtFirstSight,
            PausedAt = pausedAt,
            LastedBefore = lasted,
        };
    }
}
