namespace Piraeus.HighAvailability.Core;

/// <summary>How often an action failed in a row, from when it may be tried again, and what was said of the last failure.</summary>
public sealed record Attempt(int Failures, Instant NotBefore, string? Message = null)
{
    /// <summary>An action that was accepted is repeated if its effect is not seen by then: accepted is not gone.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How rarely an accepted action is repeated in the end: what a finalizer holds back goes when the finalizer does, and no repetition helps.</summary>
    private static readonly TimeSpan LongestPatience = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(15);

    /// <summary>A server may ask for more time than that (<c>Retry-After</c>); it is not given, because a volume waits meanwhile.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(30);

    /// <summary>A rehearsal need not repeat itself while nothing changes.</summary>
    private static readonly TimeSpan DryRunDelay = TimeSpan.FromMinutes(10);

    /// <summary>How often the action has been accepted, although its effect has not been seen. A failure in between does not undo that.</summary>
    public int Accepted { get; init; }

    internal static Attempt After(Outcome outcome, Attempt? last, Instant at)
    {
        var (failures, accepted) = (last?.Failures ?? 0, last?.Accepted ?? 0);
        return outcome.Answer switch
        {
            Answer.Accepted => new(0, at + Doubled(Patience, accepted, LongestPatience)) { Accepted = accepted + 1 },
            Answer.Unchanged or Answer.AlreadyGone or Answer.Replaced => new(0, at + Patience) { Accepted = accepted },
            Answer.DryRun => new(0, at + DryRunDelay),
            _ => new(failures + 1, at + Longer(Doubled(FirstDelay, failures, LongestDelay), Shorter(outcome.RetryAfter ?? TimeSpan.Zero, LongestRetryAfter)), outcome.Message) { Accepted = accepted },
        };
    }

    private static TimeSpan Doubled(TimeSpan first, int times, TimeSpan longest) => Shorter(first * (1 << Math.Min(times, 10)), longest);

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
