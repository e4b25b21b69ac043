using System.Text.Json.Serialization;
using Piraeus.HighAvailability.Controller.Endpoints;

namespace Piraeus.HighAvailability.Demo;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(DemoView))]
internal sealed partial class DemoJson : JsonSerializerContext;

/// <summary>All content of the page.</summary>
internal sealed record DemoView(
    double Elapsed,
    double GraceSeconds,
    string? Scenario,
    WorldView World,
    IReadOnlyList<ControllerView> Controllers,
    IReadOnlyList<WorkloadView> Workloads,
    IReadOnlyList<DecisionExplanation> Explanations,
    IReadOnlyList<DemoLogLine> Story,
    IReadOnlyList<LaneView> Lanes,
    IReadOnlyList<MarkView> Marks,
    double BaselineSeconds,
    string Watch,
    string Unaided);

/// <summary>The true state of the simulated world at one moment.</summary>
/// <param name="At">Seconds since the demo began.</param>
/// <param name="LinstorRuns">Whether LINSTOR's controller process runs.</param>
/// <param name="Holder">The holder of the controllers' Lease, according to Kubernetes.</param>
/// <param name="Nodes">The machines.</param>
/// <param name="Waiting">Pods that have no node.</param>
/// <param name="Links">Which machines reach each other.</param>
/// <param name="Attachments">Kubernetes' VolumeAttachments.</param>
internal sealed record WorldView(
    double At,
    bool LinstorRuns,
    string? Holder,
    IReadOnlyList<NodeView> Nodes,
    IReadOnlyList<PodView> Waiting,
    IReadOnlyList<LinkView> Links,
    IReadOnlyList<AttachmentView> Attachments);

/// <summary>A machine: its true state, and the views of LINSTOR and Kubernetes.</summary>
internal sealed record NodeView(
    string Name,
    bool Powered,
    bool CutOff,
    bool SatelliteRuns,
    string Satellite,
    string Ready,
    bool Cordoned,
    IReadOnlyList<string> Taints,
    IReadOnlyList<DeviceView> Devices,
    IReadOnlyList<PodView> Pods);

/// <summary>A DRBD replica: its true state, and LINSTOR's report.</summary>
/// <param name="Resource">The resource definition.</param>
/// <param name="Kind">Diskful, diskless or tie-breaker.</param>
/// <param name="Role">The true role: Primary or Secondary.</param>
/// <param name="Disk">The true state of its data.</param>
/// <param name="Runs">Whether its machine runs.</param>
/// <param name="Quorate">Whether DRBD there has quorum.</param>
/// <param name="Writes">Whether a write there would truly complete.</param>
/// <param name="SaysMayPromote">LINSTOR's report; null if it does not know.</param>
/// <param name="Peers">The nodes that DRBD there is connected to.</param>
internal sealed record DeviceView(
    string Resource, string Kind, string Role, string Disk, bool Runs, bool Quorate, bool Writes, bool? SaysMayPromote, IReadOnlyList<string> Peers);

/// <summary>A pod in Kubernetes, and whether it truly works.</summary>
/// <remarks>It works if it runs on a reachable machine that is up, and its writes complete. Writes may also complete on an unreachable machine.</remarks>
internal sealed record PodView(string Name, string Uid, string? Node, string Phase, bool Terminating, bool Works, string? Reason, bool Writes);

internal sealed record LinkView(string One, string Other, bool Works);

internal sealed record AttachmentView(string Name, string Claim, string Node, bool Attached, bool Deleting);

/// <summary>A replica of the controller.</summary>
internal sealed record ControllerView(string Name, int Process, string State, bool Leads, string CommandLine, WireStatus? Status);

/// <summary>A workload's status.</summary>
internal sealed record WorkloadView(string Pod, string About, bool Moves, string? Node, bool Works, double? DownSince, double DownSeconds, bool Moved, string Said);

/// <summary>The reasons for an action or a hold, in steps that can be checked, next to the true state.</summary>
/// <param name="Id">The id of the decision log entry.</param>
/// <param name="At">Seconds since the demo began.</param>
/// <param name="Kind">deleted or held.</param>
/// <param name="Title">The action or hold.</param>
/// <param name="Known">The controller's evidence, step by step.</param>
/// <param name="True">The true state at that moment, which the controller could not see.</param>
/// <param name="Safe">Whether it was truly safe.</param>
/// <param name="After">The result; null while there is none.</param>
internal sealed record DecisionExplanation(string Id, double At, string Kind, string Title, IReadOnlyList<string> Known, IReadOnlyList<string> True, bool Safe, string? After);
