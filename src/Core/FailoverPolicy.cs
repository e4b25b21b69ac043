namespace Piraeus.HighAvailability.Core;

/// <summary>Who has lost its storage, and what is to be done about it.</summary>
/// <remarks>Has no memory: the same snapshot and the same instant always give the same verdict.</remarks>
public sealed class FailoverPolicy(FailoverSettings settings)
{
    /// <summary>Everything to be done, and everything left alone, at one instant.</summary>
    public Verdict Decide(ClusterSnapshot cluster, Instant now) => new Deliberation(settings, cluster, now).Conclude();
}

/// <summary>One verdict in the making.</summary>
internal sealed partial class Deliberation(FailoverSettings settings, ClusterSnapshot cluster, Instant now)
{
    /// <summary>How long a pod that comes to a node which was lost by then is left there at least.</summary>
    private static readonly TimeSpan ShortestStay = TimeSpan.FromMilliseconds(500);

    /// <summary>How soon a user whose judgement failed is judged again, if nothing is observed until then.</summary>
    private static readonly TimeSpan AfterError = TimeSpan.FromSeconds(5);

    private readonly List<Decision> _preparations = [];
    private readonly List<Decision> _decisions = [];
    private readonly List<Decision> _detachments = [];
    private readonly Dictionary<Pod, Objection?> _objections = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<ActionKey> _decided = [];
    private readonly List<Exception> _errors = [];
    private readonly Eligibility _eligibility = new(cluster, (resource, node) => IsLost(settings, resource, node, now));
    private Instant? _askAgainAt;

    public Verdict Conclude()
    {
        // Whoever acts takes on what comes first: so the most important comes first, and of what is equally important the pods before their
        // attachments, which the attach-detach controller may get to before us.
        foreach (var equals in cluster.InDoubt.Values.SelectMany(users => users).GroupBy(user => user.Priority).OrderByDescending(equals => equals.Key))
        {
            foreach (var user in equals)
            {
                Isolate(user);
            }

            _decisions.AddRange(_detachments);
            _detachments.Clear();
        }

        if (cluster.ReviewAt is { } review)
        {
            WakeAt(review);
        }

        Release();
        Recover();
        Isolate(Follow);
        return new([.. _preparations.Concat(_decisions)], _askAgainAt) { Errors = [.. _errors] };
    }

    // An error in judging one user holds that one, and nobody else.
    private void Isolate(User user)
    {
        var (preparations, decisions, detachments) = (_preparations.Count, _decisions.Count, _detachments.Count);
        try
        {
            Judge(user);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Undo(_preparations, preparations);
            Undo(_decisions, decisions);
            Undo(_detachments, detachments);
            _errors.Add(error);
            _decisions.Add(new Decision.Hold(user.Resource.Name, user.Node, HoldReason.InternalError, error.GetType().Name, user.Pods, user.Since, Overdue: true));
            WakeAt(now + AfterError);
        }
    }

    // What only explains cannot stop what decides.
    private void Isolate(Action explain)
    {
        try
        {
            explain();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            _errors.Add(error);
        }
    }

    private void Undo(List<Decision> list, int count)
    {
        _decided.ExceptWith(list.Skip(count).Where(decision => !decision.IsRemark).Select(ActionKey.For));
        list.RemoveRange(count, list.Count - count);
    }

    // Reads from top to bottom as the safety argument: each paragraph is one reason to hold; what is left, acts.
    private void Judge(User user)
    {
        var assessment = user.Assessment;
        if (assessment?.Reason is HoldReason.Healthy || (assessment is null && user.Resource.Exists && !user.HasPromotablePeer))
        {
            return;
        }

        var since = Instant.Later(assessment?.Since ?? Instant.Start, user.Since);
        StayInformed(user, since);

        if (assessment is null)
        {
            Hold(user, user.Resource.Exists ? HoldReason.NeverDeployed : HoldReason.NoSuchResource, user.LinstorName.Value, since);
            return;
        }

        if (assessment.Reason is { } reason)
        {
            Hold(user, reason, assessment.By?.Value, since);
            return;
        }

        if (SilentSource() is { } silent)
        {
            Hold(user, HoldReason.KubernetesSilent, silent.ToString(), since);
            return;
        }

        // Whose pods were moved for the sake of another volume has nobody left to be patient with.
        var due = user.IsVacated(cluster) ? since : since + GraceOf(user);
        if (now < due)
        {
            Hold(user, HoldReason.GraceNotOver, null, since);
            Prepare(user, due);
            return;
        }

        if (RestsOnOneVoice(user, assessment) && SurveyOf(user.Node) is not { Ready: false })
        {
            Hold(user, HoldReason.OnlyOneSpeaker, assessment.By?.Value, since);
            return;
        }

        if (cluster.Storm is not null)
        {
            Hold(user, HoldReason.Storm, null, since);
            return;
        }

        Move(user, new Evidence(user.Resource.Name, user.Node, assessment.By!.Value, since, due));
    }

    private void Move(User user, Evidence evidence)
    {
        // What is on the node was asked afresh: it is newer than the watch. It is not waited for where it cannot be had.
        var survey = SurveyOf(user.Node);
        if (survey is null && !CannotSurvey(user.Node))
        {
            Hold(user, HoldReason.AwaitingConfirmation, $"the pods on node {user.Node}", evidence.Since);
            return;
        }

        foreach (var watched in user.Pods)
        {
            var pod = survey is null ? watched : survey.Pods.Find(watched.Uid)?.Item;
            if (pod is null)
            {
                // It is gone, which the watch will tell, or came after the question.
                Ask(new Decision.Survey(user.Node), survey!.AskedAt + _shortestInterval);
                Hold(user, HoldReason.AwaitingConfirmation, $"pod {watched.Key}", evidence.Since, watched);
            }
            else if ((ObjectionTo(pod) ?? Eligibility.Wish(watched)) is { } objection)
            {
                Hold(user, objection.Reason, objection.Detail, evidence.Since, watched);
            }
            else if (MayMoveOn(pod, evidence) is { } hour && now < hour)
            {
                Hold(user, HoldReason.ComesBack, null, evidence.Since, pod);
                WakeAt(hour);
            }
            else
            {
                Act(user, new Decision.DeletePod(pod, evidence), evidence, survey, [user.Resource.Name, .. _eligibility.WrittenBy(pod)]);
            }
        }

        var attachments = user.Attachments.Where(attachment => !attachment.Deleting).ToList();
        if (survey is not null)
        {
            attachments.ForEach(attachment => Detach(user, attachment, survey, evidence));
        }
        else if (attachments.Count > 0 && user.Pods.IsEmpty)
        {
            Hold(user, HoldReason.AwaitingConfirmation, $"the pods on node {user.Node}", evidence.Since);
        }
    }

    // A pod that comes to a node which was lost by then was put there in place of another, and so may the next one be: haste only makes more of them.
    private Instant? MayMoveOn(Pod pod, Evidence evidence) => cluster.Pods.Find(pod.Key)?.Since is { } since && since > evidence.Due
        ? Instant.Later(since + ShortestStay, cluster.FailoverThatCameBack(pod, evidence.Lost)?.MayMoveOn ?? Instant.Start)
        : null;

    private void Detach(User user, Attachment attachment, NodeSurvey survey, Evidence evidence)
    {
        if (cluster.Volumes.Find(attachment.Volume)?.Item.Claim is not { } claim)
        {
            Hold(user, HoldReason.NotOptedIn, $"{attachment.Name}, whose volume {attachment.Volume} has no claim", evidence.Since);
            return;
        }

        if (user.Pods.Any(pod => pod.Uses(claim) && (!pod.Finished || pod.Terminating)))
        {
            return; // they are being moved first, or have been held with a reason of their own
        }

        if (survey.Pods.ReferringTo(claim).Select(held => held.Item).FirstOrDefault(pod => !pod.Finished) is { } stays)
        {
            // A pod that has left the watch may be gone, or only have lost its label: ask again who is there.
            Ask(new Decision.Survey(user.Node), survey.AskedAt + _shortestInterval);
            Hold(user, stays.OptedIn ? HoldReason.AwaitingConfirmation : HoldReason.AttachmentInUse, stays.OptedIn ? $"pod {stays.Key}" : stays.Key.ToString(), evidence.Since, stays);
            return;
        }

        if (!cluster.Vacated.Contains(attachment.Uid) && !IsWantedElsewhere(claim, user.Node))
        {
            Hold(user, HoldReason.NotOptedIn, $"{attachment.Name} for claim {claim}", evidence.Since);
            return;
        }

        Act(user, new Decision.Detach(attachment, claim, evidence), evidence, survey, [user.Resource.Name]);
    }

    private Objection? ObjectionTo(Pod pod) =>
        _objections.TryGetValue(pod, out var known) ? known : _objections[pod] = _eligibility.ObjectionTo(pod);

    /// <summary>Acts, if LINSTOR has confirmed within the last seconds what it knows of everything that the action rests on, and the node is ready for it.</summary>
    private void Act(User user, Decision action, Evidence evidence, NodeSurvey? survey, params IEnumerable<ResourceName> restsOn)
    {
        string? doubtful = null;
        foreach (var name in restsOn)
        {
            if (!IsConfirmed(name, evidence.Due))
            {
                doubtful ??= $"resource {name}";
                AskToConfirm(name, evidence.Due);
            }
        }

        if (!AreSatellitesConfirmed)
        {
            doubtful ??= "the satellites";
            Do(new Decision.ListSatellites());
        }

        if (doubtful is not null)
        {
            Hold(user, HoldReason.AwaitingConfirmation, doubtful, evidence.Since);
        }
        else if (IsCleared(user, evidence, survey))
        {
            Do(action);
        }
    }

    private static bool IsLost(FailoverSettings settings, Resource resource, NodeName node, Instant now) =>
        resource.AssessmentOf(node) is { IsLoss: true } loss && now >= loss.Since + settings.GraceOf(loss);

    private bool IsWantedElsewhere(ObjectKey claim, NodeName node) => cluster.Pods.ReferringTo(claim).Any(held =>
        held.Item is { OptedIn: true, OptedOut: false, Finished: false } pod && pod.Node != node);
}
