namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>Each rule of the core, broken alone, and the test that guards it.</summary>
/// <remarks>
/// What no test can see is not here, because nothing changes: a storm threshold of a hundred percent is never exceeded; a node whose every statement is left out while it speaks is held by its unknown
/// score instead of its admission; a loss cannot be followed by the state in which no other replica speaks, because its peer is remembered; that there are no voters cannot be, where there is a peer; an attachment
/// stays under pods that are to be moved first by the fresh list of pods as well as by the watch.
/// One rule is not here, because a test of it would not come to an end: a release that was sent ends the hold, whatever becomes of its answer.
/// <c>A_release_that_failed_is_tried_again_and_what_was_sent_ends_the_hold_for_good</c> guards it.
/// </remarks>
internal static partial class TestedRules
{
    public static IEnumerable<TestedRule> All => [.. Loss, .. CounterEvidence, .. Evidence, .. Grace, .. Moves];
}
