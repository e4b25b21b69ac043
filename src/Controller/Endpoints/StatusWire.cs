using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Endpoints;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WireStatus))]
[JsonSerializable(typeof(WireExplanation))]
[JsonSerializable(typeof(WireProblem))]
internal sealed partial class StatusJson : JsonSerializerContext;

/// <summary>The answer of <c>/status</c>. docs/operations.md explains it.</summary>
internal sealed record WireStatus(
    string Version,
    string Identity,
    DateTimeOffset Started,
    DateTimeOffset Now,
    WireLeadership Leadership,
    WireSources Sources,
    WireSettings Settings,
    WireStorm? Storm,
    IReadOnlyList<WireUser> InDoubt,
    IReadOnlyList<WireTaintStays> TaintsThatStay,
    IReadOnlyList<WireFailover> Failovers,
    IReadOnlyList<WireEntry> Journal);

/// <param name="Elects">Whether leader election is enabled.</param>
/// <param name="Leads">Whether this replica acts.</param>
/// <param name="Holder">The holder of the lease, as last seen.</param>
/// <param name="CanDecide">Whether every source that a decision needs is synced, or has been lost only for a moment.</param>
/// <param name="CannotDecideSince">Since when it cannot decide; null if it can.</param>
/// <param name="Why">Which sources are lost, and since when; null if it can decide.</param>
internal sealed record WireLeadership(bool Elects, bool Leads, string? Holder, bool CanDecide, DateTimeOffset? CannotDecideSince, string? Why);

/// <param name="Synced">The sources that have delivered everything and are still open.</param>
/// <param name="Silent">The others.</param>
/// <param name="LinstorAnsweredSecondsAgo">When LINSTOR last answered.</param>
/// <param name="LinstorController">Which LINSTOR controller is used.</param>
/// <param name="LinstorFault">What is wrong with it; absent for nothing.</param>
internal sealed record WireSources(
    IReadOnlyList<string> Synced, IReadOnlyList<string> Silent, double? LinstorAnsweredSecondsAgo, string? LinstorController, string? LinstorFault);

internal sealed record WireSettings(
    double KnownResourceGraceSeconds, double NewResourceGraceSeconds, double ReconcileSeconds, double StormThreshold, bool TaintsNodes, bool DryRun, string PodSelector, string Attacher);

/// <summary>The nodes that were lost at once, and the number of nodes compared; absent if there is no storm.</summary>
internal sealed record WireStorm(IReadOnlyList<string> Nodes, int Of);

/// <summary>A resource that keeps a node from losing its taint, and since when.</summary>
internal sealed record WireTaintStays(string Node, string Resource, DateTimeOffset Since, string Sentence);

/// <summary>A node's use of a resource that is not plainly well, since when, and the LINSTOR node whose statement shows it. If nothing suggests a loss, there is no grace period.</summary>
/// <remarks>"Would act" means that the action is decided: on the leader, it is being carried out.</remarks>
internal sealed record WireUser(
    string Resource,
    string Node,
    string LinstorName,
    IReadOnlyList<WirePod> Pods,
    IReadOnlyList<string> Attachments,
    DateTimeOffset Since,
    string? By,
    double? GraceSeconds,
    double? GraceLeftSeconds,
    bool WouldAct,
    IReadOnlyList<WireRemark> Remarks,
    WireResource Linstor);

internal sealed record WirePod(string Namespace, string Name, string Uid, string? Node);

/// <summary>Why the consumer, or some of its pods, are left alone.</summary>
/// <param name="Reason">The hold reason.</param>
/// <param name="Sentence">The same for people.</param>
/// <param name="Overdue">Whether the pods would have been moved by now without that reason; <c>NotOptedIn</c> and <c>AwaitingConfirmation</c> count so only 10 s after that.</param>
/// <param name="Pods">The pods that it concerns, by namespace and name.</param>
internal sealed record WireRemark(string Reason, string Sentence, bool Overdue, IReadOnlyList<string> Pods);

/// <summary>The move of a pod to another node: how long each phase took, and which it waits for, unless it has ended.</summary>
internal sealed record WireFailover(WirePod Pod, string Resource, string Lost, string? Awaits, string? Ending, WirePod? Replacement, IReadOnlyList<WirePhase> Reached, string Sentence);

internal sealed record WirePhase(string Name, double Seconds);

internal sealed record WireEntry(
    long Number, DateTimeOffset At, string Kind, string About, string Sentence, string? Uid, string? Reason, bool Overdue, string? Answer, string? Message, WireEvidence? Evidence, WireResource? Linstor)
{
    /// <summary>The replica that wrote it; null for the one that answers.</summary>
    public string? Replica { get; init; }
}

/// <summary>Why a consumer was believed to have lost its storage, since when, when its grace period ended, and how long before the decision LINSTOR was queried.</summary>
internal sealed record WireEvidence(string Resource, string Lost, string Peer, DateTimeOffset Since, DateTimeOffset Due, DateTimeOffset DecidedAt, double? AskedSecondsBefore);

/// <summary>LINSTOR's statements about a resource definition, and whether its quorum policy proves that a partition without quorum cannot write.</summary>
internal sealed record WireResource(string Name, bool Exists, string? Quorum, bool? Fences, IReadOnlyList<WireReplica> Replicas);

/// <summary>A node's statements about its replica, whether it speaks, whether LINSTOR lists it, and since when its statements have stood; absent if it never spoke.</summary>
internal sealed record WireReplica(
    string Node, string Promotability, string Usage, int? Score, bool Diskless, bool Gone, string Presence, bool Speaks, DateTimeOffset? Since, IReadOnlyList<WireConnection> Connections);

internal sealed record WireConnection(string Peer, bool Up);
