namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>Each rule of the core, broken alone, and the test that guards it.</summary>
/// <remarks>
/// What no test can see is not here, because nothing changes: a storm threshold of a hundred percent is never exceeded; a node whose every word is left out while it speaks is held by its unknown
/// score instead of its admission; that nobody speaks cannot follow a loss, whose peer is remembered; that there are no voters cannot be, where there is a peer.
/// </remarks>
internal static partial class TestedRules
{
    public static IEnumerable<TestedRule> All => [.. Loss, .. Evidence, .. Grace, .. Moves];
}
