namespace Piraeus.HighAvailability.Core;

/// <summary>A candidate's request to the API server.</summary>
/// <param name="Record">What to write; null to read.</param>
/// <param name="Version">The version to replace; null to create, or to read.</param>
public sealed record LeaseRequest(LeaseRecord? Record, string? Version)
{
    /// <summary>Whether it gives the Lease up.</summary>
    public bool IsRelease => Record is { IsReleased: true };
}

/// <summary>How a request about the Lease ended.</summary>
public enum LeaseOutcome
{
    /// <summary>The Lease was read or written. A read may find that there is none.</summary>
    Done,

    /// <summary>There is another version (409).</summary>
    Conflict,

    /// <summary>The Lease to write to does not exist (404).</summary>
    NotFound,

    /// <summary>It was refused, or no answer came in time: it may or may not have been written.</summary>
    Failed,
}

/// <summary>The answer to a request.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Record">The Lease as the server has it; null if it has none, or did not say.</param>
/// <param name="Version">The version of that Lease.</param>
public sealed record LeaseAnswer(LeaseOutcome Outcome, LeaseRecord? Record = null, string? Version = null);
