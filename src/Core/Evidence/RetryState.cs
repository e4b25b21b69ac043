namespace Piraeus.HighAvailability.Core;

/// <summary>How often an action failed in a row, when it may be retried, and the message of the last failure.</summary>
public sealed record RetryState(int Failures, Instant NotBefore, string? Message = null)
{
    /// <summary>How often the action has been accepted, although its effect has not been seen. A failure in between does not undo that.</summary>
    public int Accepted { get; init; }

    internal static RetryState After(MutationAnswer outcome, RetryState? last, Instant at)
    {
        var (failures, accepted) = (last?.Failures ?? 0, last?.Accepted ?? 0);
        return outcome.Answer switch
        {
            MutationOutcome.Accepted => new(0, at + Doubled(Timings.EffectShows, accepted, Timings.LongestRepeat)) { Accepted = accepted + 1 },
            MutationOutcome.Unchanged or MutationOutcome.AlreadyGone or MutationOutcome.Replaced => new(0, at + Timings.EffectShows) { Accepted = accepted },
            MutationOutcome.DryRun => new(0, at + Timings.DryRunDelay),
            _ => new(failures + 1, at + Longer(Doubled(Timings.FirstRetry, failures, Timings.LongestRetry), Shorter(outcome.RetryAfter ?? TimeSpan.Zero, Timings.LongestRetryAfter)), outcome.Message) { Accepted = accepted },
        };
    }

    private static TimeSpan Doubled(TimeSpan first, int times, TimeSpan longest) => Shorter(first * (1 << Math.Min(times, 10)), longest);

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
