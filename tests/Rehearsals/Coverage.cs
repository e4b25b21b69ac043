using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Counts how often scenarios reach each outcome. An outcome that is never reached is a gap in the tests.</summary>
internal sealed class Coverage
{
    // Outcomes are counted hundreds of thousands of times, so each name is created once.
    private static readonly Dictionary<HoldReason, string> Holds = Enum.GetValues<HoldReason>().ToDictionary(reason => reason, reason => $"hold {reason}");
    private static readonly ConcurrentDictionary<Type, string> Types = [];

    private readonly Dictionary<string, long> _reached = new(StringComparer.Ordinal);

    /// <summary>Every outcome that a long run must reach.</summary>
    public static IEnumerable<string> Expected =>
    [
        .. Enum.GetValues<FaultKind>().Select(Of),
        .. Enum.GetValues<HoldReason>().Where(reason => reason is not (HoldReason.Healthy or HoldReason.InternalError)).Select(Of), // Healthy is never reported, and InternalError is a bug of ours
        .. Enum.GetValues<MutationOutcome>().Where(answer => answer is not (MutationOutcome.DryRun or MutationOutcome.Forbidden)).Select(Of),
        .. Enum.GetValues<FailoverResult>().Where(ending => ending != FailoverResult.GivenUp).Select(Of), // takes half an hour
        .. typeof(Decision).GetNestedTypes().Where(type => !type.IsAbstract).Select(type => $"decision {type.Name}"),
        .. typeof(Observation).GetNestedTypes().Where(type => !type.IsGenericType).Select(type => $"observation {type.Name}"),
        .. Oracle.Rules,
    ];

    public IEnumerable<KeyValuePair<string, long>> Reached => _reached.OrderBy(outcome => outcome.Key, StringComparer.Ordinal);

    public IEnumerable<string> Missing => Expected.Where(what => !_reached.ContainsKey(what));

    public static string Of(FaultKind kind) => $"fault {kind}";

    public static string Of(HoldReason reason) => Holds[reason];

    public static string Of(Decision decision) => Types.GetOrAdd(decision.GetType(), static type => $"decision {type.Name}");

    public static string Of(Observation seen) => Types.GetOrAdd(seen.GetType(), static type => $"observation {type.Name}");

    public static string Of(MutationOutcome answer) => $"answer {answer}";

    public static string Of(FailoverResult ending) => $"ending {ending}";

    public void Reach(string what, long times = 1) => CollectionsMarshal.GetValueRefOrAddDefault(_reached, what, out _) += times;

    public void Add(Coverage other)
    {
        foreach (var (what, times) in other._reached)
        {
            Reach(what, times);
        }
    }
}
