using System.Collections.Immutable;
using System.Globalization;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>The treatment that a workload's owner has chosen.</summary>
internal enum OwnerIntent
{
    /// <summary>Its pods carry the label, so they may be moved.</summary>
    Failover,

    /// <summary>Its pods carry the label, and the annotation that exempts them.</summary>
    Annotated,

    /// <summary>Its pods do not carry the label.</summary>
    Unlabelled,
}

/// <summary>The controller that recreates the pods of a workload.</summary>
internal enum WorkloadKind
{
    StatefulSet,
    Deployment,

    /// <summary>No controller: a bare pod.</summary>
    BarePod,
}

/// <summary>A LINSTOR volume. Nodes are numbers.</summary>
/// <param name="Quorum">The policy that a user has set; null for the one that LINSTOR chooses.</param>
/// <param name="Shared">Whether two nodes may have it Primary at the same time (live migration).</param>
/// <param name="Missing">Whether LINSTOR has no definition of it, although Kubernetes has a volume.</param>
internal sealed record VolumeSetup(ImmutableArray<int> Diskful, int? TieBreaker, string? Quorum, string OnNoQuorum, bool Shared, bool Missing);

/// <summary>One pod, or two that share their volumes.</summary>
/// <param name="Volumes">LINSTOR volumes, as numbers.</param>
/// <param name="Foreign">Whether it also writes to a volume of another driver, which nothing fences.</param>
internal sealed record WorkloadSetup(WorkloadKind Keeper, OwnerIntent Wish, ImmutableArray<int> Volumes, bool Foreign, int Priority);

/// <summary>The cluster of a scenario, as a value that is drawn from a seed.</summary>
/// <param name="Aliases">Whether LINSTOR's node names and host names differ from Kubernetes' node names.</param>
/// <param name="Controllers">How many controllers run; two or more compete for the Lease.</param>
internal sealed record ScenarioSetup(
    int Nodes, bool Aliases, ImmutableArray<VolumeSetup> Volumes, ImmutableArray<WorkloadSetup> Workloads, int Controllers, FailoverSettings Settings)
{
    // Used all the time, so each is created once.
    private static readonly ImmutableArray<string> NodeNames = Names("node-{0}");
    private static readonly ImmutableArray<string> LinstorNames = Names("Storage-{0}");
    private static readonly ImmutableArray<string> HostNames = Names("host-{0}.example");
    private static readonly ImmutableArray<string> Definitions = Names("PVC-{0}");
    private static readonly ImmutableArray<string> Handles = Names("pvc-{0}");
    private static readonly ImmutableArray<string> Claims = Names("data-{0}");

    /// <summary>Whether an administrator has set quorum on LINSTOR's controller, so that a definition has no value of its own until LINSTOR's next pass over it.</summary>
    public bool QuorumFromController { get; init; }

    /// <summary>How long a satellite takes to adjust its DRBD after LINSTOR connects to it: long where a storage command hangs.</summary>
    public TimeSpan Adjust { get; init; } = PromptAdjust;

    /// <summary>The adjustment time of a satellite without delays.</summary>
    public static readonly TimeSpan PromptAdjust = TimeSpan.FromSeconds(1);

    public const string Driver = "linstor.csi.linbit.com";
    public const string Space = "default";

    public static ScenarioSetup Draw(Random random)
    {
        var nodes = random.Next(3, 6);
        var volumes = Enumerable.Range(0, random.Next(2, 6)).Select(_ => DrawVolume(random, nodes)).ToImmutableArray();
        var workloads = DrawWorkloads(random, volumes);
        volumes = Mix(random, volumes, workloads);
        return new(nodes, random.Next(3) == 0, volumes, workloads, random.Next(6) switch { 0 or 1 or 2 => 1, 3 or 4 => 2, _ => 3 }, new FailoverSettings
        {
            KnownResourceGrace = TimeSpan.FromSeconds(random.Next(4) == 0 ? 45 : 10),
            NewResourceGrace = TimeSpan.FromSeconds(random.Next(4) == 0 ? 45 : 15),
            TaintNodes = random.Next(4) > 0,
            StormThreshold = random.Next(4) == 0 ? 1 : 0.5,
        })
        {
            QuorumFromController = random.Next(6) == 0,
            Adjust = random.Next(6) switch { 0 => TimeSpan.FromSeconds(2 + random.Next(9)), 1 => TimeSpan.FromSeconds(20 + random.Next(60)), _ => PromptAdjust },
        };
    }

    /// <summary>Whether a pod has two disks, at least one of which may be Primary on two nodes.</summary>
    public bool IsMixed(WorkloadSetup workload) => workload.Volumes.Length == 2 && workload.Volumes.Any(volume => Volumes[volume].Shared);

    public string NodeName(int node) => NodeNames[node];

    /// <summary>A node's name in LINSTOR.</summary>
    public string LinstorName(int node) => Aliases ? LinstorNames[node] : NodeName(node);

    /// <summary>A machine's host name, which DRBD uses to name its connections.</summary>
    public string HostName(int node) => Aliases ? HostNames[node] : NodeName(node);

    /// <summary>A volume's name in LINSTOR; its handle in Kubernetes is the same in lower case.</summary>
    public string Definition(int volume) => Aliases ? Definitions[volume] : Handle(volume);

    public static string Handle(int volume) => Handles[volume];

    public static string Claim(int volume) => Claims[volume];

    public static string Name(int workload) => string.Create(CultureInfo.InvariantCulture, $"app-{workload}");

    private static VolumeSetup DrawVolume(Random random, int nodes)
    {
        var order = Enumerable.Range(0, nodes).ToArray();
        random.Shuffle(order);
        var diskful = random.Next(3) == 0 ? 2 : nodes == 5 && random.Next(6) == 0 ? 5 : 3;
        int? tieBreaker = diskful == 2 && random.Next(4) > 0 ? order[2] : null;
        return new(
            [.. order[..diskful]],
            tieBreaker,
            random.Next(10) switch { 0 => "off", 1 => "all", 2 => "1", 3 => "2", 4 => "majority", _ => null },
            random.Next(3) == 0 ? "io-error" : "suspend-io",
            random.Next(8) == 0,
            random.Next(40) == 0);
    }

    // As virtual machines have it: one or both of a pod's two disks may be Primary on two nodes.
    private static ImmutableArray<VolumeSetup> Mix(Random random, ImmutableArray<VolumeSetup> volumes, ImmutableArray<WorkloadSetup> workloads)
    {
        foreach (var pair in workloads.Where(workload => workload.Volumes.Length == 2 && random.Next(2) == 0))
        {
            foreach (var volume in pair.Volumes.Where((_, number) => number == 1 || random.Next(3) == 0))
            {
                volumes = volumes.SetItem(volume, volumes[volume] with { Shared = true });
            }
        }

        return volumes;
    }

    private static ImmutableArray<WorkloadSetup> DrawWorkloads(Random random, ImmutableArray<VolumeSetup> volumes)
    {
        var left = new Stack<int>(Enumerable.Range(0, volumes.Length).Reverse());
        var workloads = ImmutableArray.CreateBuilder<WorkloadSetup>();
        while (left.TryPop(out var first))
        {
            ImmutableArray<int> own = random.Next(4) == 0 && left.TryPop(out var second) ? [first, second] : [first];
            var wish = random.Next(8) switch { 0 => OwnerIntent.Annotated, 1 => OwnerIntent.Unlabelled, _ => OwnerIntent.Failover };
            var keeper = random.Next(4) switch { 0 => WorkloadKind.Deployment, 1 when random.Next(4) == 0 => WorkloadKind.BarePod, _ => WorkloadKind.StatefulSet };
            workloads.Add(new(keeper, wish, own, Foreign: random.Next(10) == 0, Priority: random.Next(3) * 1000));
        }

        return workloads.ToImmutable();
    }

    private static ImmutableArray<string> Names(string format) => [.. Enumerable.Range(0, 100).Select(number => string.Format(CultureInfo.InvariantCulture, format, number))];
}
