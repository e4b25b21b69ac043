using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Demo;

namespace Piraeus.HighAvailability.Simulator.Tests.Demo;

/// <summary>Views of a cluster and answers of controllers, as the demo would read them.</summary>
internal static class DemoViews
{
    /// <summary>The wall-clock time at which the demo began.</summary>
    public static readonly DateTimeOffset Began = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The pod <c>shop/db-0</c>, which should exist.</summary>
    public static readonly ExpectedPod Db = new("shop/db-0", "a database");

    public static WorldView Cluster(double at, params IReadOnlyList<PodView> pods) =>
        new(at, LinstorRuns: true, "controller-1", [.. pods.GroupBy(pod => pod.Node!).Select(onNode => Node(onNode.Key, [], [.. onNode]))], [], [], [], [Db]);

    public static NodeView Node(string name, IReadOnlyList<DeviceView> devices, params IReadOnlyList<PodView> pods) =>
        new(name, Powered: true, CutOff: false, SatelliteRuns: true, "Online", "True", Cordoned: false, [], devices, pods);

    public static DeviceView Device(string resource, string role, bool writes, bool quorate = true) => new(resource, "Diskful", role, "UpToDate", Runs: true, quorate, writes, null, []);

    public static PodView Pod(string uid, string node, bool works, string name = "shop/db-0") => new(name, uid, node, "Running", Terminating: false, works, null, works);

    /// <summary>A controller's answer.</summary>
    public static WireStatus Status(double at, bool leads = true, IReadOnlyList<WireUser>? inDoubt = null, params IReadOnlyList<WireEntry> journal) => new(
        "0", "controller", Began, Began.AddSeconds(at), new(true, leads, "controller-1", true, null, null), new([], [], 0, null, null), new(5, 5, 2, 0.5, true, false, "", ""), null, inDoubt ?? [], [], [], journal);

    /// <summary>A consumer in doubt, with one pod on node-a.</summary>
    public static WireUser Consumer(string pod, string resource, double? graceLeft, params IReadOnlyList<WireRemark> remarks) => new(
        resource, "node-a", "node-a", [new("shop", pod, $"u-{pod}", "node-a")], [], Began, "node-b", graceLeft is null ? null : 5, graceLeft, false, remarks, Resource(resource));

    public static WireRemark Remark(string reason, string pod, string because) => new(reason, $"Leaving pod shop/{pod} on node node-a alone: {because}", false, [$"shop/{pod}"]);

    public static WireEntry Hold(long number, double at, string reason, bool overdue) => new(
        number, Began.AddSeconds(at), "Hold", "pod shop/db-0", $"Leaving pod shop/db-0 on node node-a alone: {reason}.", null, reason, overdue, null, null, null, Resource("pvc-db"));

    public static WireEntry Deletion(long number, double at, string uid) => new(
        number, Began.AddSeconds(at), "DeletePod", "pod shop/db-0", "Deleting pod shop/db-0.", uid, null, false, "Accepted", null,
        new("pvc-db", "node-a", "node-b", Began.AddSeconds(at - 5), Began.AddSeconds(at), Began.AddSeconds(at), 0.1), Resource("pvc-db"));

    private static WireResource Resource(string name) => new(name, true, "majority", true, []);
}
