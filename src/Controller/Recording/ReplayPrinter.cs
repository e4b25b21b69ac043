using System.Globalization;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <summary>Prints the events of a replay: each once, with the time of day and the time since the start.</summary>
/// <param name="header">The origin and time of the recording.</param>
/// <param name="narrowing">Selects what to print.</param>
/// <param name="output">The destination.</param>
internal sealed class ReplayPrinter(Header header, ReplayFilter narrowing, TextWriter output)
{
    private readonly HashSet<Source> _silent = [];
    private readonly HashSet<string> _questions = [];
    private readonly HashSet<string> _stuck = [];
    private readonly Dictionary<string, ResourceName> _holds = [];
    private readonly HashSet<Uid> _failovers = [];
    private readonly HashSet<Uid> _ended = [];
    private readonly SortedDictionary<HoldReason, int> _reasons = [];
    private HashSet<string> _standing = [];
    private Instant _last;
    private int _observations;
    private int _turns;
    private int _deletions;
    private int _detachments;

    /// <summary>Prints observations that are worth a line: answers to actions, and lost sources.</summary>
    public void Observe(Observation seen, Instant at)
    {
        _observations++;
        _last = at;
        switch (seen)
        {
            case Observation.MutationAnswered { Decision: var decision, Outcome: var outcome }:
                _deletions += decision is Decision.DeletePod && outcome.Answer == MutationOutcome.Accepted ? 1 : 0;
                _detachments += decision is Decision.DeleteAttachment && outcome.Answer == MutationOutcome.Accepted ? 1 : 0;
                Print(decision, at, "answered", $"{DecisionText.Of(decision)} The answer was {outcome.Answer}{(outcome.Message is null ? "." : $": {outcome.Message}")}");
                break;
            case Observation.SourceLost { Source: var source } when _silent.Add(source):
                Print(at, "lost", $"Source {source} is lost.");
                break;
            case var _ when SourceOf(seen) is { } source && _silent.Remove(source):
                Print(at, "synced", $"Source {source} is synced again.");
                break;
        }
    }

    /// <summary>Prints what is new in a verdict.</summary>
    public void Decided(ClusterSnapshot cluster, Verdict verdict, Instant at)
    {
        _turns++;
        _last = at;
        var standing = new HashSet<string>();
        foreach (var decision in verdict.Decisions)
        {
            var fingerprint = DecisionFingerprint.Of(decision);
            standing.Add(fingerprint);
            switch (decision)
            {
                case Decision.Hold { Reason: not HoldReason.Healthy } hold when _holds.TryAdd(fingerprint, hold.Resource):
                    _reasons[hold.Reason] = _reasons.GetValueOrDefault(hold.Reason) + 1;
                    Print(decision, at, "held", $"{DecisionText.Of(decision)} ({hold.Reason}{(hold.Overdue ? ", overdue" : "")})");
                    break;
                case Decision.Hold:
                    break;
                case Decision.ReportStuck when _stuck.Add(fingerprint):
                    Print(decision, at, "stuck", DecisionText.Of(decision));
                    break;
                case Decision.ReportStuck:
                    break;
                case Decision.Query:
                    if (_questions.Add(fingerprint))
                    {
                        Print(decision, at, "asked", DecisionText.Of(decision));
                    }

                    break;
                default:
                    if (!_standing.Contains(fingerprint))
                    {
                        Print(decision, at, "decided", DecisionText.Of(decision));
                    }

                    break;
            }
        }

        // A consumer that is well again may be printed again.
        foreach (var (fingerprint, _) in _holds.Where(hold => !cluster.IsInDoubt(hold.Value)).ToList())
        {
            _holds.Remove(fingerprint);
        }

        _standing = standing;
        Follow(cluster, at);
    }

    /// <summary>Prints a line about the replay itself.</summary>
    public void Print(Instant at, string what, string sentence) => output.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{header.Start + at.SinceStart:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {$"+{at.SinceStart.TotalSeconds:0.000}s",12}  {what,-8}  {sentence}"));

    /// <summary>Prints the totals.</summary>
    public void Summarise()
    {
        var held = _reasons.Count == 0 ? "nothing was held" : $"held: {string.Join(", ", _reasons.Select(reason => $"{reason.Key} {reason.Value}"))}";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"In {_last.SinceStart.TotalSeconds:0.0} s: {Count(_observations, "observation")}, {Count(_turns, "turn")}, {Count(_failovers.Count, "failover")}, {Count(_deletions, "deletion")} of pods, {Count(_detachments, "deletion")} of attachments; {held}."));
    }

    private static string Count(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? "" : "s")}");

    private static Source? SourceOf(Observation seen) => seen switch
    {
        Observation.SatellitesListed => Source.Linstor,
        Observation.Listed<Pod> => Source.Pods,
        Observation.Listed<Volume> => Source.Volumes,
        Observation.Listed<Attachment> => Source.Attachments,
        Observation.Listed<ClusterNode> => Source.Nodes,
        Observation.Listed<CsiNode> => Source.CsiNodes,
        _ => null,
    };

    private void Follow(ClusterSnapshot cluster, Instant at)
    {
        foreach (var held in cluster.Failovers.All.OrderBy(held => held.Item.Since))
        {
            var failover = held.Item;
            _failovers.Add(failover.Pod.Uid);
            if (failover.Ending is not null && _ended.Add(failover.Pod.Uid) && narrowing.Includes(failover))
            {
                Print(at, "ended", DecisionText.Of(failover));
            }
        }
    }

    private void Print(Decision decision, Instant at, string what, string sentence)
    {
        if (narrowing.Includes(decision))
        {
            Print(at, what, sentence);
        }
    }
}
