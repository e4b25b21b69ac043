using System.Globalization;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <remarks>Rolling updates, with Kubernetes' defaults: a quarter of the replicas may be missing (rounded down), and a quarter may exist in addition (rounded up).</remarks>
internal sealed partial class DeploymentController
{
    private const string RevisionAnnotation = "deployment.kubernetes.io/revision";

    /// <summary>Takes the next step: it adds new pods as far as it may, or else removes old ones that are no longer needed.</summary>
    private void RollOut(Deployment deployment, ReplicaSet current, List<ReplicaSet> outdated)
    {
        var wanted = deployment.Replicas;
        var total = current.Replicas + outdated.Sum(set => set.Replicas);
        var ready = ReadyOf(current) + outdated.Sum(ReadyOf);
        var most = wanted + ((wanted + 3) / 4);
        if (current.Replicas > wanted || (current.Replicas < wanted && total < most))
        {
            Scale(deployment, current, current.Replicas > wanted ? wanted : Math.Min(wanted, current.Replicas + most - total));
        }
        else
        {
            RemoveOutdated(deployment, outdated, least: wanted - (wanted / 4), total - current.Replicas + ReadyOf(current), ready);
        }

        var from = deployment.Rollout?.From ?? outdated[^1].Template.Hash;
        var left = outdated.Sum(set => _world.Store.Now(set)?.Replicas ?? 0);
        var updated = _world.Store.Now(current)?.Replicas ?? 0;
        WriteStatus(deployment, current, ready, new(from, updated, left));
    }

    /// <summary>Removes pods that are not ready first, and never so many that too few are ready.</summary>
    private void RemoveOutdated(Deployment deployment, List<ReplicaSet> outdated, int least, int total, int ready)
    {
        var (spare, spareReady) = (total - least, ready - least);
        foreach (var set in outdated)
        {
            var unready = Math.Clamp(spare, 0, set.Replicas - ReadyOf(set));
            var alsoReady = Math.Clamp(spareReady, 0, set.Replicas - unready);
            (spare, spareReady) = (spare - unready - alsoReady, spareReady - alsoReady);
            if (unready + alsoReady > 0)
            {
                Scale(deployment, set, set.Replicas - unready - alsoReady);
            }
        }
    }

    // A ReplicaSet that was scaled down has yet to write how many of its pods are left.
    private static int ReadyOf(ReplicaSet set) => Math.Min(set.ReadyReplicas, set.Replicas);

    private void Scale(Deployment deployment, ReplicaSet set, int replicas)
    {
        if (set.Replicas != replicas && _world.Store.Change(set, now => now with { Replicas = replicas }) == WriteResult.Done)
        {
            RecordScaled(deployment, set, replicas > set.Replicas ? "up" : "down", replicas);
        }
    }

    /// <summary>Gives a ReplicaSet that is rolled out again the newest revision, as <c>kubectl rollout undo</c> expects.</summary>
    private ReplicaSet Renumbered(ReplicaSet current, List<ReplicaSet> sets)
    {
        if (RevisionOf(current) < NextRevision(sets) - 1)
        {
            var revision = NextRevision(sets).ToString(CultureInfo.InvariantCulture);
            _ = _world.Store.Change(current, set => set with { Metadata = set.Metadata with { Annotations = set.Metadata.Annotations.SetItem(RevisionAnnotation, revision) } });
        }

        return _world.Store.Now(current) ?? current;
    }

    private static int NextRevision(List<ReplicaSet> sets) => sets.Select(RevisionOf).DefaultIfEmpty().Max() + 1;

    private static int RevisionOf(ReplicaSet set) =>
        int.TryParse(set.Metadata.Annotations.GetValueOrDefault(RevisionAnnotation), CultureInfo.InvariantCulture, out var number) ? number : 0;
}
