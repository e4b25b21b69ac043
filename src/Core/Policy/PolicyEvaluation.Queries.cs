using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>Queries, the time of the next evaluation, and how a verdict is put together.</content>
internal sealed partial class PolicyEvaluation
{
    /// <summary>How long before the end of the grace period the confirming queries are sent, so that acting need not wait for them.</summary>
    private readonly TimeSpan _lead = Between(Timings.ShortestLead, Timings.PerQuestion * cluster.InDoubt.Count, Timings.LongestLead);

    /// <summary>How soon the same query may be repeated: the fewer consumers in doubt, the sooner.</summary>
    private readonly TimeSpan _shortestInterval = Between(Timings.ShortestInterval, 2 * Timings.PerQuestion * cluster.InDoubt.Count, Timings.LongestIntervalInDoubt);

    private bool IsConfirmed(ResourceName name) => IsConfirmed(name, Instant.Start);

    /// <summary>Whether an answer about a resource, policy included, has just arrived, was requested no earlier than shortly before the grace period ended, and nothing newer differs.</summary>
    /// <remarks>The age counts from the arrival. Otherwise, a LINSTOR that takes seconds to answer could never confirm anything. The rest of the age is bounded by the request's deadline.</remarks>
    private bool IsConfirmed(ResourceName name, Instant due) => cluster.Resources.GetValueOrDefault(name) is { IsReportCurrent: true, IsPolicyCurrent: true } resource
        && resource.AnsweredAt >= now - Timings.AnswerLasts && resource.AnsweredAt - resource.ReportedAt <= Timings.RequestLasts
        && resource.ReportedAt >= due - Timings.LongestLead && resource.PolicyAskedAt >= due - Timings.LongestLead;

    /// <summary>Whether the newest answer states if another volume of the pod allows two writers, and its node's statement is not half of a change.</summary>
    private static bool IsSettled(Resource other, NodeName node) => other.AreWritersCurrent && other.AssessmentOf(node) is not { IsChanging: true };

    /// <summary>Queries what an action waits for: at once, or after an interval if the last answer was of no use, for example because its policy could not be read.</summary>
    private void AskToConfirm(ResourceName name, NodeName node, Instant due) => Ask(
        new Decision.QueryResource(name),
        cluster.Resources.GetValueOrDefault(name) is { IsReportCurrent: true, AnsweredAt: { } answered } known && !(known.IsPolicyCurrent && IsSettled(known, node))
            ? answered + Between(_shortestInterval, (answered - due) / 3, settings.ReconcileInterval) : now);

    /// <summary>
    /// Whether the list of satellites is fresh, and newer than every loss that an action rests on. An offline satellite may be the proof, many of them may be a doubt, and a peer may promote
    /// because quorum was turned off on its node.
    /// </summary>
    /// <remarks>A slow LINSTOR gets more time, because otherwise it could never confirm anything.</remarks>
    private bool AreSatellitesConfirmed(Instant lostSince) => cluster.Linstor.Latency <= Timings.RequestLasts
        && cluster.Linstor.AskedAt >= Instant.Later(lostSince, now - (cluster.Linstor.Latency > Timings.SlowAnswer ? Timings.ListLasts : Timings.AnswerLasts));

    /// <summary>Queries LINSTOR again while a peer may promote: often at first, while the state changes, and then at the reconcile interval.</summary>
    private void StayInformed(VolumeConsumer consumer, Instant since)
    {
        var resource = consumer.Resource;
        if (!cluster.SyncedSources.Contains(Source.Linstor))
        {
            return;
        }

        if (resource.HasMissing)
        {
            Do(new Decision.QuerySatellites()); // which says whether it was removed, or lost with its node
        }

        if (cluster.Linstor.AskedAt is { } listed && resource.Speakers.Any(speaker => !speaker.IsSilent && speaker.HeardAt > listed && cluster.Linstor.StateOf(speaker.Node) != SatelliteState.Online))
        {
            Ask(new Decision.QuerySatellites(), listed + _shortestInterval); // the stream already shows the satellite as back, but the list does not yet
        }

        if (!resource.IsReportCurrent)
        {
            Do(new Decision.QueryResource(resource.Name));
        }
        else if (consumer.HasPromotablePeer && consumer.Assessment?.Reason is not HoldReason.OwnReplicaMayPromote)
        {
            // Use the age at the time of the report: with a growing age, the due time would move away in ever smaller steps.
            var reported = resource.ReportedAt!.Value;
            Ask(new Decision.QueryResource(resource.Name), reported + Between(_shortestInterval, reported - since, settings.ReconcileInterval));
        }
    }

    /// <summary>Queries used resources that seem well, but whose newest answer does not contain a later stream event: a few at a time.</summary>
    /// <remarks>A fact that was not queried while the resource was well cannot be queried after a loss.</remarks>
    private void QueryOutdated()
    {
        // Retries have places of their own: resources whose requests fail must neither keep others from being queried, nor be queried all at once.
        var (room, retries) = (Timings.MostOutdatedAtOnce, Timings.MostOutdatedAtOnce);
        if (!cluster.Linstor.IsSynced)
        {
            return;
        }

        foreach (var (name, due) in cluster.Outdated)
        {
            if (now < due)
            {
                WakeAt(due);
                continue;
            }

            if (room == 0 && retries == 0)
            {
                break;
            }

            var query = new Decision.QueryResource(name);
            var isRetry = cluster.RetryStates.GetValueOrDefault(query.Key) is { Failures: > 0 };
            if ((isRetry ? retries : room) > 0 && Do(query))
            {
                (room, retries) = isRetry ? (room, retries - 1) : (room - 1, retries);
            }
        }
    }

    /// <summary>Queries, shortly before the grace period ends, what acting will need.</summary>
    private void Prepare(VolumeConsumer consumer, Instant due)
    {
        var last = due - _lead;
        if (consumer.Resource.ReportedAt < last)
        {
            Ask(new Decision.QueryResource(consumer.Resource.Name), last);
        }

        if (!(cluster.Linstor.AskedAt >= last))
        {
            Ask(new Decision.QuerySatellites(), last);
        }

        if (!(cluster.PodsOnNodes.GetValueOrDefault(consumer.Node)?.AskedAt >= last))
        {
            Ask(new Decision.ListPodsOnNode(consumer.Node), last);
        }
    }

    private PodsOnNode? PodsOn(NodeName node)
    {
        if (cluster.PodsOnNodes.TryGetValue(node, out var onNode) && onNode.AnsweredAt >= now - Timings.PodListLasts && onNode.AnsweredAt - onNode.AskedAt <= Timings.PodListTakes)
        {
            return onNode;
        }

        Do(new Decision.ListPodsOnNode(node));
        return null;
    }

    /// <summary>Whether Kubernetes failed to list the pods on a node.</summary>
    private bool CannotListPodsOn(NodeName node) => cluster.RetryStates.GetValueOrDefault(DecisionKey.ListPodsOnNode(node)) is { Failures: > 0 };

    private Source? LostSource()
    {
        foreach (var source in (ReadOnlySpan<Source>)[Source.Pods, Source.Volumes, Source.Attachments, Source.CsiNodes])
        {
            if (!cluster.SyncedSources.Contains(source))
            {
                return source;
            }
        }

        return null;
    }

    private void Hold(VolumeConsumer consumer, HoldReason reason, HoldDetail detail, Instant since, params ImmutableArray<Pod> pods)
    {
        var due = since + settings.GraceOf(consumer) + (reason is HoldReason.AwaitingConfirmation or HoldReason.NotOptedIn ? Timings.ConfirmationTakes : TimeSpan.Zero);
        if (now < due)
        {
            WakeAt(due);
        }

        _decisions.Add(new Decision.Hold(consumer.Resource.Name, consumer.Node, reason, detail, pods.IsEmpty ? consumer.Pods : pods, since, Overdue: now >= due));
    }

    private void Ask(Decision question, Instant notBefore)
    {
        if (now >= notBefore)
        {
            Do(question);
        }
        else
        {
            WakeAt(notBefore);
        }
    }

    /// <summary>Decides an action unless it is decided already, or waits after its last attempt.</summary>
    /// <returns>Whether it is new.</returns>
    private bool Do(Decision action)
    {
        var key = action.Key;
        if (cluster.RetryStates.GetValueOrDefault(key) is { } attempt && now < attempt.NotBefore)
        {
            WakeAt(attempt.NotBefore);
            return false;
        }

        var isNew = _decided.Add(key);
        if (isNew)
        {
            // Actions on a node come first, because many others wait for them.
            var list = action switch
            {
                Decision.TaintNode or Decision.ClearVolumesInUse => _preparations,
                Decision.DeleteAttachment => _detachments,
                _ => _decisions,
            };
            list.Add(action);
        }

        return isNew;
    }

    private static TimeSpan Between(TimeSpan least, TimeSpan wish, TimeSpan most) => wish < least ? least : wish < most ? wish : most;

    private void WakeAt(Instant at) => _requeueAt = Instant.Earlier(_requeueAt, at);
}
