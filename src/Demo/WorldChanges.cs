using System.Globalization;

namespace Piraeus.HighAvailability.Demo;

/// <summary>Describes in sentences how the world has changed between two views.</summary>
internal static class WorldChanges
{
    /// <param name="before">The earlier view.</param>
    /// <param name="after">The later view.</param>
    /// <param name="outages">For how long pods were down, the later view included.</param>
    public static IEnumerable<(string Who, string Text)> Describe(WorldView before, WorldView after, OutageHistory outages)
    {
        if (before.LinstorRuns != after.LinstorRuns)
        {
            yield return (DemoLog.Linstor, after.LinstorRuns ? "the controller process is back; it knows nothing and asks its satellites" : "the controller process is gone, and all it knew with it");
        }

        foreach (var (was, node) in before.Nodes.Join(after.Nodes, node => node.Name, node => node.Name, (was, node) => (was, node)))
        {
            foreach (var change in Describe(was, node, after.LinstorRuns).Concat(DescribeWorking(was, node, before, outages)))
            {
                yield return change;
            }
        }

        foreach (var change in DescribePromotions(before, after))
        {
            yield return change;
        }

        foreach (var pod in After(after).Where(pod => pod.Phase != "Forgotten"))
        {
            if (Find(before, pod.Uid) is not { } was)
            {
                yield return (DemoLog.Kubernetes, $"pod {pod.Name} is created anew");
            }
            else if (pod.Node is not null && was.Node is null)
            {
                yield return (DemoLog.Kubernetes, $"pod {pod.Name} is scheduled to {pod.Node}");
            }
        }

        foreach (var gone in After(before).Where(pod => pod.Phase != "Forgotten" && Find(after, pod.Uid) is null or { Phase: "Forgotten" }))
        {
            var ghost = After(after).FirstOrDefault(pod => pod.Uid == gone.Uid);
            yield return (DemoLog.Kubernetes, ghost is null
                ? $"pod {gone.Name} (uid {Short(gone.Uid)}) is gone"
                : $"pod {gone.Name} (uid {Short(gone.Uid)}) is gone from the API; its container on {gone.Node} lives on, {(ghost.Writes ? "AND CAN STILL WRITE" : "and cannot write")}");
        }

        foreach (var ended in After(before).Where(pod => pod.Phase == "Forgotten" && Find(after, pod.Uid) is null))
        {
            yield return (DemoLog.Kubernetes, $"{ended.Node} has heard that its pod {ended.Name} (uid {Short(ended.Uid)}) was deleted, and has ended it");
        }

        foreach (var attachment in before.Attachments.Where(was => after.Attachments.All(now => now.Name != was.Name)))
        {
            yield return (DemoLog.Kubernetes, $"the volume of {attachment.Claim} is detached from {attachment.Node}");
        }

        foreach (var attachment in after.Attachments.Where(now => now.Attached && !before.Attachments.Any(was => was.Name == now.Name && was.Attached)))
        {
            yield return (DemoLog.Kubernetes, $"the volume of {attachment.Claim} is attached to {attachment.Node}");
        }

        if (before.Holder != after.Holder)
        {
            yield return (DemoLog.Kubernetes, after.Holder is null ? "the controllers' lease is free" : $"{after.Holder} holds the controllers' lease");
        }
    }

    /// <summary>The resources that more than one node could write to. There must never be any.</summary>
    public static IEnumerable<string> SplitBrains(WorldView world) => world.Nodes.SelectMany(node => node.Devices).Where(device => device.Writes)
        .GroupBy(device => device.Resource).Where(writers => writers.Count() > 1).Select(writers => writers.Key);

    public static string Short(string uid) => uid.Split('-')[0];

    public static string Seconds(double seconds) => seconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";

    private static IEnumerable<(string Who, string Text)> Describe(NodeView was, NodeView node, bool linstorRuns)
    {
        if (linstorRuns && was.Satellite != node.Satellite && node.Satellite is ("Offline" or "Online"))
        {
            yield return (DemoLog.Linstor, $"the satellite on {node.Name} is {node.Satellite.ToUpperInvariant()}");
        }

        if (was.Ready != node.Ready)
        {
            yield return (DemoLog.Kubernetes, node.Ready == "True" ? $"{node.Name} is Ready" : $"{node.Name} is NotReady");
        }

        foreach (var taint in node.Taints.Except(was.Taints))
        {
            yield return (DemoLog.Kubernetes, $"{node.Name} has the taint {taint}");
        }

        foreach (var taint in was.Taints.Except(node.Taints))
        {
            yield return (DemoLog.Kubernetes, $"{node.Name} no longer has the taint {taint}");
        }
    }

    // One line for all that stops, and one for all that works again, on a node.
    private static IEnumerable<(string Who, string Text)> DescribeWorking(NodeView was, NodeView node, WorldView before, OutageHistory outages)
    {
        var devices = was.Devices.Join(node.Devices, device => device.Resource, device => device.Resource, (before, device) => (Before: before, Now: device)).ToList();
        List<string> stopped =
        [
            .. Listed("DRBD holds back every write to ", devices.Where(device => device.Before.Writes && device.Now is { Writes: false, Runs: true, Role: "Primary" }).Select(device => device.Now.Resource)),
            .. Listed("no longer working: ", was.Pods.Where(pod => pod.Works && !node.Pods.Any(now => now.Uid == pod.Uid && now.Works)).Select(pod => pod.Name)),
        ];
        List<string> works =
        [
            .. Listed("writes go on to ", devices.Where(device => !device.Before.Writes && device.Now.Writes && device.Before is { Runs: true, Role: "Primary" }).Select(device => device.Now.Resource)),
            .. Listed("working: ", node.Pods.Where(pod => pod.Works && Find(before, pod.Uid) is not { Works: true }).Select(pod => $"{pod.Name}{AfterOutage(outages, pod)}")),
        ];
        if (stopped.Count > 0)
        {
            yield return (DemoLog.World, $"{node.Name}: {string.Join("; ", stopped)}");
        }

        if (works.Count > 0)
        {
            yield return (DemoLog.World, $"{node.Name}: {string.Join("; ", works)}");
        }
    }

    private static string AfterOutage(OutageHistory outages, PodView pod) =>
        outages.OutagesOf(pod.Name) is [.., { To: { } end, Replacement: var replacement } outage] && replacement == pod.Uid ? $" (in truth down for {Seconds(outage.Until(end))})" : "";

    private static IEnumerable<string> Listed(string what, IEnumerable<string> names) => names.ToList() is { Count: > 0 } all ? [$"{what}{string.Join(", ", all)}"] : [];

    // LINSTOR reports it for each replica; readers want it for each node.
    private static IEnumerable<(string Who, string Text)> DescribePromotions(WorldView before, WorldView after)
    {
        foreach (var (was, node) in before.Nodes.Join(after.Nodes, node => node.Name, node => node.Name, (was, node) => (was, node)))
        {
            var (could, can) = (Promotable(was), Promotable(node));
            if (can.Except(could).ToList() is { Count: > 0 } gained)
            {
                yield return (DemoLog.Linstor, $"{node.Name} may promote {string.Join(", ", gained)}");
            }

            if (after.LinstorRuns && could.Except(can).ToList() is { Count: > 0 } lost)
            {
                yield return (DemoLog.Linstor, $"{node.Name} may no longer promote {string.Join(", ", lost)}");
            }
        }
    }

    private static List<string> Promotable(NodeView node) => [.. node.Devices.Where(device => device.SaysMayPromote == true).Select(device => device.Resource)];

    private static IEnumerable<PodView> After(WorldView world) => world.Nodes.SelectMany(node => node.Pods).Concat(world.Waiting);

    private static PodView? Find(WorldView world, string uid) => After(world).FirstOrDefault(pod => pod.Uid == uid);
}
