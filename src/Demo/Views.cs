using System.Text.Json.Serialization;
using Piraeus.HighAvailability.Controller.Endpoints;

namespace Piraeus.HighAvailability.Demo;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(DemoView))]
internal sealed partial class DemoJson : JsonSerializerContext;

/// <summary>All content of the page.</summary>
/// <param name="Run">Identifies this run of the demo: a page that is open while the demo is started again must not mix both.</param>
/// <param name="Elapsed">Seconds since the demo began.</param>
/// <param name="GraceSeconds">The controllers' grace period.</param>
/// <param name="Scenario">The scenario that is played; null if there is none.</param>
/// <param name="World">The true state.</param>
/// <param name="Controllers">The replicas of the controller.</param>
/// <param name="Doubt">What they know of pods in doubt.</param>
/// <param name="Workloads">How each pod fares.</param>
/// <param name="Explanations">Each deletion and each hold, newest first.</param>
/// <param name="Story">The latest lines of the log.</param>
/// <param name="Lanes">The timeline.</param>
/// <param name="Marks">What a person or a scenario did.</param>
/// <param name="BaselineSeconds">How long an outage lasts without the controller, at least.</param>
/// <param name="BaselineText">The same in words.</param>
/// <param name="Watch">A command that shows the pods.</param>
/// <param name="Unaided">What Kubernetes does without the controller.</param>
internal sealed record DemoView(
    string Run,
    double Elapsed,
    double GraceSeconds,
    string? Scenario,
    WorldView World,
    IReadOnlyList<ControllerView> Controllers,
    DoubtView Doubt,
    IReadOnlyList<WorkloadView> Workloads,
    IReadOnlyList<DecisionExplanation> Explanations,
    IReadOnlyList<DemoLogLine> Story,
    IReadOnlyList<LaneView> Lanes,
    IReadOnlyList<MarkView> Marks,
    double BaselineSeconds,
    string BaselineText,
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
/// <param name="Workloads">The pods that there should be.</param>
internal sealed record WorldView(
    double At,
    bool LinstorRuns,
    string? Holder,
    IReadOnlyList<NodeView> Nodes,
    IReadOnlyList<PodView> Waiting,
    IReadOnlyList<LinkView> Links,
    IReadOnlyList<AttachmentView> Attachments,
    IReadOnlyList<ExpectedPod> Workloads);

/// <summary>A pod that there should be: one of a StatefulSet, or one that exists without it.</summary>
/// <param name="Name">Its namespace and name.</param>
/// <param name="About">What it is.</param>
internal sealed record ExpectedPod(string Name, string About)
{
    /// <summary>Its name on the page; the demo's own namespace is left out.</summary>
    public string ShortName => Name.StartsWith($"{Workload.Namespace}/", StringComparison.Ordinal) ? Name[(Workload.Namespace.Length + 1)..] : Name;
}

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
/// <param name="Name">Its name as holder of the Lease.</param>
/// <param name="Process">Its process id.</param>
/// <param name="State">running, frozen or ended.</param>
/// <param name="Leads">Whether it leads, by its last answer.</param>
/// <param name="CommandLine">How it was started.</param>
/// <param name="Status">Its last answer at <c>/status</c>, without past decisions; null if it has not answered since it was started.</param>
/// <param name="AnsweredAt">When it gave that answer, in seconds since the demo began.</param>
/// <param name="IsStale">Whether that is so long ago that it says nothing of the present.</param>
internal sealed record ControllerView(string Name, int Process, string State, bool Leads, string CommandLine, WireStatus? Status, double? AnsweredAt, bool IsStale);

/// <summary>A workload's status.</summary>
/// <param name="Pod">Its pod.</param>
/// <param name="About">What it is.</param>
/// <param name="Node">Where it is; null if nowhere.</param>
/// <param name="Works">Whether it truly works.</param>
/// <param name="Summary">For how long it was down.</param>
/// <param name="Moves">When each outage began in which a controller moved it.</param>
internal sealed record WorkloadView(string Pod, string About, string? Node, bool Works, string Summary, IReadOnlyList<double> Moves);

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
