using System.Globalization;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Doctor;

/// <summary>Whether the LINSTOR resources behind PersistentVolumes can fail over, and whether the pods that use them may be moved.</summary>
internal static class VolumeChecks
{
    /// <param name="findings">Takes the results.</param>
    /// <param name="cluster">The snapshot.</param>
    /// <param name="zones">The zones of LINSTOR's nodes, as far as Kubernetes has labelled them.</param>
    /// <param name="options">DRBD's options by resource.</param>
    /// <param name="unread">The resources that LINSTOR was asked about in vain, and why.</param>
    public static void Volumes(Findings findings, ClusterSnapshot cluster, IReadOnlyDictionary<NodeName, string> zones, IReadOnlyDictionary<ResourceName, DrbdOptions> options, IReadOnlyDictionary<ResourceName, string> unread)
    {
        List<(Volume Volume, Resource Resource)> read = [];
        List<string> missing = [];
        foreach (var volume in cluster.Volumes.All.Select(held => held.Item))
        {
            if (volume.Resource is not { } name || unread.ContainsKey(name))
            {
                continue;
            }

            if (cluster.Resources.GetValueOrDefault(name) is { Exists: true } resource)
            {
                read.Add((volume, resource));
            }
            else
            {
                missing.Add($"{volume.Name} ({name})");
            }
        }

        List<Resource> resources = [.. read.Select(one => one.Resource).DistinctBy(resource => resource.Name)];
        if (unread.Count == 0 && missing.Count == 0)
        {
            findings.Ok($"LINSTOR has a resource definition for each of {read.Count} PersistentVolumes.");
        }

        findings.FailOf([.. unread.Select(one => $"{one.Key} ({one.Value.TrimEnd('.')})")], "LINSTOR returns no usable answer about resource", "resources have no usable answer from LINSTOR", "Their pods are not moved while that lasts.");
        findings.FailOf(missing, "LINSTOR has no resource definition for volume", "volumes have no resource definition in LINSTOR", "The volumeHandle of such a PersistentVolume names another cluster's resource, or one that was deleted.");
        findings.WarnOf(
            [.. resources.Where(resource => !resource.Fences).Select(resource => $"{resource.Name} (quorum {options.GetValueOrDefault(resource.Name)?.Quorum ?? resource.Policy ?? "off"})")],
            "No quorum policy fences resource", "resources have no quorum policy that fences",
            "They are never moved, because the old node may go on writing. Place two replicas and a tie-breaker, or three replicas; LINSTOR then sets quorum to majority.");
        findings.WarnOf(
            Names(resources, resource => Listed(resource).Count(speaker => !speaker.Diskless) < 2), "Only one node has data of resource", "resources have data on one node only",
            "No other node can take over. Raise the replica count of the StorageClass (placementCount).");
        findings.WarnOf(
            Names(resources, resource => Listed(resource).Count(speaker => !speaker.Diskless) == 2 && !Listed(resource).Any(speaker => speaker.Diskless)), "There is no tie-breaker for resource", "resources have two replicas and no tie-breaker",
            "With one of two replicas gone there is no majority. LINSTOR adds a tie-breaker if a third satellite is there and DrbdOptions/auto-add-quorum-tiebreaker is True.");
        findings.WarnOf(
            [.. from resource in resources from speaker in Listed(resource) where speaker is { Diskless: false, Score: { Current: true, Value: var score } } && score / 100 % 100 < resource.VolumeCount select $"{resource.Name} on {speaker.Node}"],
            "A replica is not UpToDate:", "replicas are not UpToDate", "They cannot take over until they are: see linstor resource list --faulty.");
        findings.WarnOf(
            [.. from resource in resources from speaker in Listed(resource) from link in speaker.Links where link.Up is { Current: true, Value: false } select $"{resource.Name} from {speaker.Node} to {link.Peer}"],
            "A connection is down:", "connections are down", "See linstor resource list --faulty, and drbdadm status on both nodes.");
        // With one zone there is no choice.
        findings.WarnOf(
            zones.Values.Distinct().Count() < 2 ? [] : [.. from resource in resources let zone = OnlyZone(resource, zones) where zone is not null select $"{resource.Name} ({zone})"],
            "All data is in one zone: resource", "resources have all data in one zone",
            "If that zone fails, no node can take over. Place replicas on different zones: linstor.csi.linbit.com/replicasOnDifferent in the StorageClass.");
        Options(findings, options);
    }

    public static void Pods(Findings findings, ClusterSnapshot cluster, string selector)
    {
        List<Pod> users = [.. cluster.Pods.All.Select(held => held.Item).Where(pod => !pod.Finished && pod.ClaimKeys.Any(claim => cluster.Claims.ReferringTo(claim).Any(volume => volume.Item.Resource is not null)))];
        var selected = users.Where(pod => pod.OptedIn).ToList();
        findings.Ok($"{selected.Count} of {users.Count} pods with LINSTOR volumes match {selector}.");
        findings.WarnOf(
            [.. users.Where(pod => !pod.OptedIn).Select(pod => $"{pod.Key}")], "This pod uses a LINSTOR volume and is not selected:", "pods use LINSTOR volumes and are not selected",
            $"They are never moved. Label their templates with {selector}, or choose another --pod-label-selector.");
        findings.WarnOf(
            [.. selected.Where(pod => pod.Owner is null).Select(pod => $"{pod.Key}")], "This pod has no controller:", "pods have no controller", "After a failover deleted them, no controller would recreate them.");
    }

    private static void Options(Findings findings, IReadOnlyDictionary<ResourceName, DrbdOptions> options)
    {
        List<KeyValuePair<ResourceName, DrbdOptions>> read = [.. options.Where(one => one.Value.IsComplete)];
        List<KeyValuePair<ResourceName, DrbdOptions>> suspending = [.. read.Where(one => one.Value.OnNoQuorum != "io-error")];
        findings.WarnOf(
            [.. suspending.Where(one => one.Value.OnSuspendedPrimaryOutdated != "force-secondary").Select(one => $"{one.Key}")], "A lost Primary stays suspended: resource", "resources leave a lost Primary suspended",
            "With on-no-quorum=suspend-io, a node that returns hangs in the old pod's I/O until it is rebooted. Set DrbdOptions/Resource/on-suspended-primary-outdated to force-secondary.");
        findings.WarnOf(
            [.. read.Where(one => (one.Value.OnNoDataAccessible ?? "io-error") != (one.Value.OnNoQuorum ?? "suspend-io")).Select(one => $"{one.Key}")], "on-no-data-accessible differs from on-no-quorum: resource", "resources have an on-no-data-accessible that differs from on-no-quorum",
            "on-no-data-accessible takes precedence where both apply. Set DrbdOptions/Resource/on-no-data-accessible to the same value.");
        findings.WarnOf(
            [.. suspending.Where(one => one.Value.RoleConflict is null or "disconnect").Select(one => $"{one.Key}")], "A lost Primary does not reconnect: resource", "resources do not reconnect a lost Primary",
            "A node that returns while its old pod still has the volume open stays disconnected. Set DrbdOptions/Net/rr-conflict to retry-connect.");
        findings.WarnOf(
            [.. read.Where(one => one.Value.Detection > Timings.LongestDetection).Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Key} ({one.Value.Detection!.Value.TotalSeconds:0.#} s)"))], "DRBD notices a dead peer too late: resource", "resources notice a dead peer too late",
            "The controller's rules assume at most 12 s. Lower DrbdOptions/Net/ping-int (seconds) or ping-timeout (tenths of a second).");
    }

    // A single replica is warned of anyway.
    private static string? OnlyZone(Resource resource, IReadOnlyDictionary<NodeName, string> zones)
    {
        List<string?> found = [.. Listed(resource).Where(speaker => !speaker.Diskless).Select(speaker => zones.GetValueOrDefault(speaker.Node))];
        return found.Count > 1 && found.TrueForAll(zone => zone == found[0]) ? found[0] : null;
    }

    private static IEnumerable<Speaker> Listed(Resource resource) => resource.Speakers.Where(speaker => speaker is { Presence: Presence.Listed, Leaving: false });

    private static List<string> Names(List<Resource> resources, Func<Resource, bool> condition) => [.. resources.Where(condition).Select(resource => $"{resource.Name}")];
}
