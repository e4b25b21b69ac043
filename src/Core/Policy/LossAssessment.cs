namespace Piraeus.HighAvailability.Core;

/// <summary>The assessment of a consumer of a resource on one node, and when it began.</summary>
/// <param name="Node">The LINSTOR node.</param>
/// <param name="Reason">The reason against a loss; null if a consumer there has lost the resource.</param>
/// <param name="By">The LINSTOR node whose statement decides it: for a loss, the promotable peer; otherwise the one behind the reason. Null if there is none.</param>
/// <param name="Since">When this began to hold. A silence of LINSTOR or of the peer of up to 12 s neither interrupts a loss nor counts for it.</param>
/// <param name="AtFirstSight">Whether the resource was in this state when this process first saw it.</param>
public sealed record LossAssessment(NodeName Node, HoldReason? Reason, NodeName? By, Instant Since, bool AtFirstSight)
{
    /// <summary>Whether a consumer there has lost the resource.</summary>
    public bool IsLoss => Reason is null;

    /// <summary>Whether a speaker other than <see cref="By"/> agrees with a loss.</summary>
    public bool IsCorroborated { get; init; }

    /// <summary>Whether the node may have quorum while a promotable peer on another side also has it, regardless of other counter-evidence. Null if no peer has given evidence yet.</summary>
    public bool? MayBothHaveQuorum { get; init; }

    /// <summary>Whether the node itself has just reported a missing peer, and has not yet said for certain whether it has quorum without that peer.</summary>
    public bool IsChanging { get; init; }

    /// <summary>When a silence, which may turn out to be short, interrupted a loss; null if none did.</summary>
    public Instant? PausedAt { get; init; }

    /// <summary>For how long the loss had lasted when it was interrupted.</summary>
    private TimeSpan LastedBefore { get; init; }

    /// <summary>When this must be assessed again even without a new observation; null if never.</summary>
    public Instant? ReviewAt { get; init; }

    /// <summary>The assessment that follows this one.</summary>
    /// <param name="next">The assessment now; its <see cref="Since"/> is now.</param>
    /// <param name="silentSince">When LINSTOR or the peer fell silent, if that silence alone causes the new assessment; else null.</param>
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
