using System.Collections.Immutable;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Leadership;

/// <summary>Elections as tests need them.</summary>
internal static class Elections
{
    /// <summary>Every source.</summary>
    public static readonly ImmutableHashSet<Source> AllSources = [.. Enum.GetValues<Source>()];

    /// <summary>"me" wins the Lease now.</summary>
    public static void Lead(this LeadershipStatus hold)
    {
        hold.Synced(AllSources);
        hold.Answer(null);
        hold.Answer("me");
    }

    /// <summary>Another replica has the Lease.</summary>
    public static void Follow(this LeadershipStatus hold, string leader)
    {
        hold.Synced(AllSources);
        hold.Answer(leader);
    }

    /// <summary>The next request finds that holder, or makes it.</summary>
    public static void Answer(this LeadershipStatus hold, string? holder) =>
        hold.Answered(hold.Begin(DateTimeOffset.UnixEpoch)!, new(LeaseOutcome.Done, holder is null ? null : new(holder, 15), holder is null ? null : "1"), jitter: 0);
}
