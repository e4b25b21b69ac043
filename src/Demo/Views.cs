using System.Text.Json.Serialization;
using Piraeus.HighAvailability.Controller.Endpoints;

namespace Piraeus.HighAvailability.Demo;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(DemoView))]
internal sealed partial class DemoJson : JsonSerializerContext;

/// <summary>All that the page shows.</summary>
internal sealed record DemoView(
    double Elapsed,
    double GraceSeconds,
    string? Scenario,
    WorldView World,
    IReadOnlyList<ControllerView> Controllers,
    IReadOnlyList<WorkloadView> Workloads,
    IReadOnlyList<DecisionExplanation> Explanations,
    IReadOnlyList<DemoLogLine> Story,
    string Watch,
    string Unaided);

/// <summary>The truth of the simulated world at one moment.</summary>
/// <param name="At">Seconds since the demo began.</param>
/// <param name="LinstorRuns">Whether LINSTOR's controller process runs.</param>
/// <param name="Holder">Who holds the controllers' lease, as Kubernetes says.</param>
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

/// <summary>A machine: what is true of it, and what LINSTOR and Kubernetes believe.</summary>
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

/// <summary>A DRBD replica: what is true of it, and what LINSTOR says.</summary>
/// <param name="Resource">The resource definition.</param>
/// <param name="Kind">Diskful, diskless or tie-breaker.</param>
/// <param name="Role">Primary or Secondary, in truth.</param>
/// <param name="Disk">The state of its data, in truth.</param>
/// <param name="Runs">Whether its machine runs.</param>
/// <param name="Quorate">Whether DRBD there has quorum.</param>
/// <param name="Writes">Whether a write there would complete, in truth.</param>
/// <param name="SaysMayPromote">What LINSTOR says; null if it does not know.</param>
/// <param name="Peers">The nodes that DRBD there is connected to.</param>
internal sealed record DeviceView(
    string Resource, string Kind, string Role, string Disk, bool Runs, bool Quorate, bool Writes, bool? SaysMayPromote, IReadOnlyList<string> Peers);

/// <summary>A pod as Kubernetes has it, and whether it truly works.</summary>
/// <remarks>It works if it runs on a machine that is up and within reach, and its writes complete; those may also complete where nobody reaches it.</remarks>
internal sealed record PodView(string Name, string Uid, string? Node, string Phase, bool Terminating, bool Works, string? Reason, bool Writes);

internal sealed record LinkView(string One, string Other, bool Works);

internal sealed record AttachmentView(string Name, string Claim, string Node, bool Attached, bool Deleting);

/// <summary>A replica of the controller.</summary>
internal sealed record ControllerView(string Name, int Process, string State, bool Leads, string CommandLine, WireStatus? Status);

/// <summary>How a workload fares.</summary>
internal sealed record WorkloadView(string Pod, string About, bool Moves, string? Node, bool Works, double? DownSince, double DownSeconds, bool Moved, string Said);

/// <summary>Why something was done, or not, in steps that can be checked, beside what was true.</summary>
/// <param name="Id">Of the journal entry.</param>
/// <param name="At">Seconds since the demo began.</param>
/// <param name="Kind">deleted or held.</param>
/// <param name="Title">What was done.</param>
/// <param name="Known">What the controller went by, step by step.</param>
/// <param name="True">What was true at that moment, which the controller could not see.</param>
/// <param name="Safe">Whether it was safe in truth.</param>
/// <param name="After">What became of it; null while nothing has.</param>
internal sealed record DecisionExplanation(string Id, double At, string Kind, string Title, IReadOnlyList<string> Known, IReadOnlyList<string> True, bool Safe, string? After);
