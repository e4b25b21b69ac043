using System.Collections;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>One line of the log about a decision or a failover: a sentence for people, and named fields by which <c>--log-format json</c> can be filtered.</summary>
/// <remarks>
/// Fields: <c>Decision</c>, <c>Pod</c>, <c>Node</c>, <c>Resource</c>, <c>Claim</c>, <c>Attachment</c>, <c>Reason</c>, <c>Phase</c>, <c>Answer</c> and <c>Error</c>. One that does not apply is left out;
/// several values are separated by a comma and a space. docs/operations.md lists them.
/// </remarks>
internal sealed class LogLine : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly string _sentence;
    private readonly List<KeyValuePair<string, object?>> _fields = [];

    private LogLine(string sentence, params IEnumerable<(string Name, string? Value)> fields)
    {
        _sentence = sentence;
        _fields.AddRange(fields.Where(field => field.Value is { Length: > 0 }).Select(field => new KeyValuePair<string, object?>(field.Name, field.Value)));
        _fields.Add(new("{OriginalFormat}", sentence)); // as in every other line
    }

    public int Count => _fields.Count;

    public KeyValuePair<string, object?> this[int index] => _fields[index];

    /// <summary>A line about a decision.</summary>
    /// <param name="decision">The decision.</param>
    /// <param name="sentence">The sentence about it.</param>
    /// <param name="answer">How a request was answered; null if it was not.</param>
    /// <param name="error">The message of that answer; null if there is none.</param>
    public static LogLine Of(Decision decision, string sentence, MutationOutcome? answer = null, string? error = null) =>
        new(sentence, [("Decision", decision.GetType().Name), .. FieldsOf(decision), ("Answer", answer?.ToString()), ("Error", error)]);

    /// <summary>A line about the outcome of failovers.</summary>
    public static LogLine Of(IReadOnlyList<Failover> failovers, string sentence) => new(sentence, [
        ("Decision", nameof(Failover)), .. About(failovers[0].Evidence), ("Pod", Join(failovers.Select(failover => failover.Pod.Key))), ("Claim", Join(failovers.SelectMany(failover => failover.Pod.ClaimKeys).Distinct())),
        ("Phase", Join(failovers.Select(failover => $"{failover.Ending}").Distinct()))]);

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => _sentence;

    private static (string Name, string? Value)[] FieldsOf(Decision decision) => decision switch
    {
        Decision.DeletePod o => [.. About(o.Evidence), ("Pod", $"{o.Pod.Key}"), ("Claim", Join(o.Pod.ClaimKeys))],
        Decision.DeleteAttachment o => [.. About(o.Evidence), ("Attachment", o.Attachment.Name), ("Claim", $"{o.Claim}")],
        Decision.TaintNode o => About(o.Evidence),
        Decision.UntaintNode o => [("Node", $"{o.Node.Name}")],
        Decision.ClearVolumesInUse o => [("Node", $"{o.Node.Name}")],
        Decision.QueryResource o => [("Resource", $"{o.Resource}")],
        Decision.ListPodsOnNode o => [("Node", $"{o.Node}")],
        Decision.Hold o => [("Node", $"{o.Node}"), ("Resource", $"{o.Resource}"), ("Reason", $"{o.Reason}"), ("Pod", Join(o.Pods.Select(pod => pod.Key))),
            ("Claim", Join(o.Detail.Claim is { } claim ? [claim] : o.Pods.SelectMany(pod => pod.ClaimKeys).Distinct())), ("Attachment", o.Detail.Attachment)],
        Decision.ReportStuck o => [.. About(o.Failover.Evidence), ("Pod", $"{o.Failover.Pod.Key}"), ("Claim", Join(o.Failover.Pod.ClaimKeys)), ("Phase", $"{o.Phase}")],
        _ => [],
    };

    private static (string Name, string? Value)[] About(LossEvidence evidence) => [("Node", $"{evidence.Lost}"), ("Resource", $"{evidence.Resource}")];

    private static string Join<T>(IEnumerable<T> values) => string.Join(", ", values);
}

/// <summary>The events of the log that are written as a <see cref="LogLine"/>.</summary>
internal static class LogLines
{
    public static readonly EventId Acting = new(100, nameof(Acting));
    public static readonly EventId DryRun = new(101, nameof(DryRun));
    public static readonly EventId NotDone = new(102, nameof(NotDone));
    public static readonly EventId NoAnswer = new(103, nameof(NoAnswer));
    public static readonly EventId NotSent = new(104, nameof(NotSent));
    public static readonly EventId NotMarked = new(105, nameof(NotMarked));
    public static readonly EventId Held = new(110, nameof(Held));
    public static readonly EventId Stuck = new(111, nameof(Stuck));
    public static readonly EventId FailoverEnded = new(112, nameof(FailoverEnded));
    public static readonly EventId IncidentEnded = new(113, nameof(IncidentEnded));

    public static void Write(this ILogger logger, LogLevel level, EventId id, LogLine line) => logger.Log(level, id, line, exception: null, static (line, _) => line.ToString());
}
