namespace Piraeus.HighAvailability.Core;

/// <summary>What an action is done to: never two actions at once on the same thing.</summary>
/// <param name="Verb">The kind of action.</param>
/// <param name="Target">The UID of the object, or the name of what is asked about.</param>
public readonly record struct ActionKey(string Verb, string Target)
{
    public static ActionKey For(Pod pod) => new("delete pod", pod.Uid.Value);

    public static ActionKey For(Attachment attachment) => new("detach", attachment.Uid.Value);

    public static ActionKey ForTaint(NodeName node) => new("taint", node.Value);

    public static ActionKey ForRelease(NodeName node) => new("release", node.Value);

    /// <exception cref="ArgumentException">The decision is no action.</exception>
    public static ActionKey For(Decision decision) => decision switch
    {
        Decision.DeletePod o => For(o.Pod),
        Decision.Detach o => For(o.Attachment),
        Decision.Consult o => new("consult", o.Resource.Value.ToUpperInvariant()),
        Decision.ListSatellites => new("list", "satellites"),
        Decision.Taint o => ForTaint(o.Node.Name),
        Decision.Untaint o => new("untaint", o.Node.Name.Value),
        Decision.Release o => ForRelease(o.Node.Name),
        Decision.Survey o => new("survey", o.Node.Value),
        Decision.Inquire o => new("inquire", o.About.Value),
        _ => throw new ArgumentException($"{decision} is no action", nameof(decision)),
    };

    /// <summary>The action, or the question, that an observation is the answer to; null if it is none.</summary>
    public static ActionKey? AnsweredBy(Observation seen) => seen switch
    {
        Observation.Acted o => For(o.Decision),
        Observation.Reported o => For(new Decision.Consult(o.Report.Resource)),
        Observation.SatellitesListed => For(new Decision.ListSatellites()),
        Observation.Surveyed o => For(new Decision.Survey(o.Node)),
        Observation.Warned o => For(new Decision.Inquire("", o.About)),
        _ => null,
    };
}

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
