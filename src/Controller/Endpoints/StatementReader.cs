using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Endpoints;

/// <summary>Translates LINSTOR's statements, and decisions with their evidence, into text and wall time.</summary>
/// <param name="now">An instant.</param>
/// <param name="wall">The same instant by the wall clock.</param>
internal sealed class StatementReader(Instant now, DateTimeOffset wall)
{
    public WireEntry Entry(DecisionLogEntry entry) => new(
        entry.Number,
        entry.At,
        entry.Kind,
        entry.About,
        entry.Sentence,
        entry.Uid,
        entry.Reason?.ToString(),
        entry.Overdue,
        entry.Answer?.Answer.ToString(),
        entry.Answer?.Message,
        entry.Facts is { Evidence: { } evidence } facts ? Evidence(evidence, facts) : null,
        entry.Facts is { Resource: { } resource, Linstor: var linstor } ? Resource(resource, linstor) : null);

    private WireEvidence Evidence(LossEvidence evidence, DecisionFacts facts) => new(
        evidence.Resource.Value,
        evidence.Lost.Value,
        evidence.Peer.Value,
        At(evidence.Since),
        At(evidence.Due),
        At(facts.At),
        facts.Resource?.ReportedAt is { } asked ? Seconds(facts.At - asked) : null);

    public WireResource Resource(Resource resource, LinstorView linstor) => new(
        resource.Name.Value,
        resource.Exists,
        resource.QuorumProperties is null ? null : resource.Policy ?? "off",
        resource.QuorumProperties is null ? null : resource.Fences,
        [.. resource.Speakers.OrderBy(speaker => speaker.Node).Select(speaker => Replica(speaker, linstor))]);

    private WireReplica Replica(Speaker speaker, LinstorView linstor) => new(
        speaker.Node.Value,
        speaker.Promotability.ToString(),
        speaker.Usage.ToString(),
        speaker.Score is { Current: true } score ? score.Value : null,
        speaker.Diskless,
        speaker.Presence is not Presence.Listed,
        speaker.Presence.ToString(),
        speaker.Speaks(linstor),
        speaker.HeardAt is null ? null : At(speaker.ChangedAt),
        [.. speaker.Links.Where(link => link.Up.Current).Select(link => new WireConnection(link.Peer, link.Up.Value))]);

    public DateTimeOffset At(Instant at) => wall + (at - now);

    public static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 3);
}
