using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;
using Model = Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Sends a process's queries and mutations, each of which may be late, refused, or never answered.</summary>
internal sealed class SimulatedActuator(SimulatedController owner, SimulatedCluster cluster)
{
    /// <summary>The deadline of a mutation; the Lease must last at least as long.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>How long ago a mutation may have been decided when it is sent.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(500);

    private TimeSpan _quietAt;

    /// <summary>The time until every mutation has ended.</summary>
    public TimeSpan QuietIn => _quietAt > cluster.EventQueue.Now ? _quietAt - cluster.EventQueue.Now : TimeSpan.Zero;

    /// <summary>Accepts a decision, if possible.</summary>
    public bool Take(Decision decision)
    {
        switch (decision)
        {
            case Decision.QueryResource o:
                var asked = owner.Now;
                cluster.QueryLinstor(owner, o.Resource, 1, () => cluster.ReportTo(owner, o.Resource, asked), answer => Answer(decision, asked, answer));
                return true;
            case Decision.QuerySatellites:
                var listed = owner.Now;
                cluster.QueryLinstor(owner, null, 1, () => CoreMapping.Satellites(cluster.Storage, listed, owner.SeesNoSatellite), answer => Answer(decision, listed, answer));
                return true;
            case Decision.ListPodsOnNode o:
                QueryKubernetes(decision, at => cluster.PodsTo(o.Node, at));
                return true;
            case Decision.QueryWarnings o:
                QueryKubernetes(decision, at => new Observation.WarningsListed(o.About, cluster.WarningAbout(o.About.Value), at));
                return true;
            default:
                if (!owner.MayAct(Deadline))
                {
                    return false;
                }

                // A process may be frozen between its decision and the request.
                var decided = owner.Now;
                owner.Later(owner.Noise.OnceIn(10) ? owner.Noise.UpTo(LongestWait) : TimeSpan.Zero, () => Act(decision, decided));
                return true;
        }
    }

    private void QueryKubernetes(Decision question, Func<Instant, Observation> answer)
    {
        var asked = owner.Now;
        cluster.QueryApi(owner, () => answer(asked), response => Answer(question, asked, response));
    }

    private void Answer(Decision question, Instant asked, Observation? answer) =>
        owner.Observe(owner.Life, answer ?? new Observation.MutationAnswered(question, new(Core.MutationOutcome.Refused, "no answer"), asked));

    private void Act(Decision decision, Instant decided)
    {
        var (sent, taken, life) = (cluster.EventQueue.Now, decided, owner.Life);
        if (!owner.MayAct(Deadline) || owner.Now - decided > LongestWait || !owner.Cluster.Upholds(decision, decided) || owner.Noise.OnceIn(100))
        {
            // It left the queue too late.
            owner.Post(new Observation.MutationAnswered(decision, new(Core.MutationOutcome.NotSent), taken), owner.Noise.UpTo(LongestWait));
            return;
        }

        _quietAt = sent + Deadline;
        var there = owner.Noise.Delay();
        var back = owner.Noise.Delay();
        if (owner.Noise.OnceIn(50))
        {
            // The connection broke before the answer came, and the request is sent again.
            cluster.EventQueue.After(there, () => Receive(decision, sent));
            there += owner.Noise.Delay();
        }

        cluster.EventQueue.After(there, () =>
        {
            var outcome = Receive(decision, sent);
            var isHeard = outcome is not null && owner.ReceivesAnswers && there + back < Deadline;
            var answer = new Observation.MutationAnswered(decision, isHeard ? outcome! : new(Core.MutationOutcome.TimedOut, "no answer in time"), taken);
            cluster.EventQueue.At(isHeard ? cluster.EventQueue.Now + back : sent + Deadline, () => owner.Observe(life, answer));
        });
    }

    // A request that was sent arrives, even if its sender is gone.
    private MutationAnswer? Receive(Decision decision, TimeSpan sent) =>
        !owner.ReachesApi || cluster.EventQueue.Now - sent >= Deadline ? null : cluster.Refuses() is { } refusal ? refusal : CarryOut(decision, sent);

    private MutationAnswer CarryOut(Decision decision, TimeSpan sent)
    {
        cluster.Oracle.Judge(owner, decision, sent);
        return new(decision switch
        {
            Decision.DeletePod o => OutcomeOf(cluster.Store.Delete<Model.Pod>(o.Pod.Key.Namespace, o.Pod.Key.Name, o.Pod.Uid.Value, atOnce: true)),
            Decision.DeleteAttachment o => OutcomeOf(cluster.Store.Delete<Model.VolumeAttachment>("", o.Attachment.Name, o.Attachment.Uid.Value)),
            Decision.TaintNode o => Change(o.Node, Taint),
            Decision.UntaintNode o => Change(o.Node, Untaint),
            Decision.ClearVolumesInUse o => Change(o.Node, node => Release(node, o.Volumes)),
            _ => throw new ArgumentOutOfRangeException(nameof(decision)),
        });
    }

    private static MutationOutcome OutcomeOf(Model.WriteResult result) => result switch
    {
        Model.WriteResult.Done or Model.WriteResult.Pending => Core.MutationOutcome.Accepted,
        Model.WriteResult.NotFound => Core.MutationOutcome.AlreadyGone,
        _ => Core.MutationOutcome.Replaced,
    };

    private MutationOutcome Change(ClusterNode meant, Func<Model.Node, Model.Node?> change)
    {
        if (cluster.Store.Find<Model.Node>(meant.Name.Value) is not { } node)
        {
            return Core.MutationOutcome.AlreadyGone;
        }

        return change(node) is { } changed ? OutcomeOf(cluster.Store.Update(changed)) : Core.MutationOutcome.Unchanged;
    }

    private static Model.Node? Taint(Model.Node node) => node.Taints.Any(taint => taint.Key == CoreMapping.TaintKey) ? null : node with
    {
        Metadata = node.Metadata with { Annotations = node.Metadata.Annotations.SetItem(CoreMapping.TaintOwner, CoreMapping.Us) },
        Taints = node.Taints.Add(new(CoreMapping.TaintKey, "", "NoSchedule")),
    };

    private static Model.Node? Untaint(Model.Node node) => node.Metadata.Annotations.GetValueOrDefault(CoreMapping.TaintOwner) != CoreMapping.Us ? null : node with
    {
        Metadata = node.Metadata with { Annotations = node.Metadata.Annotations.Remove(CoreMapping.TaintOwner) },
        Taints = node.Taints.RemoveAll(taint => taint.Key == CoreMapping.TaintKey),
    };

    private static Model.Node? Release(Model.Node node, ImmutableArray<string> volumes) => node.VolumesInUse.Any(volumes.Contains)
        ? node with { VolumesInUse = node.VolumesInUse.RemoveAll(volumes.Contains) }
        : null;
}
