using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>What the command <c>rehearse-node</c> rehearses.</summary>
/// <param name="Settings">The settings of the controller that matter for the forecast.</param>
/// <param name="Node">The Kubernetes node whose death is forecast.</param>
/// <param name="Moved">The pod that is really moved away from it; null for none.</param>
/// <param name="IsConfirmed">Whether the user has said yes to that.</param>
/// <param name="Patience">How long the pod's replacement may take to run elsewhere.</param>
internal sealed record RehearseNodeRequest(Settings Settings, NodeName Node, ObjectKey? Moved, bool IsConfirmed, TimeSpan Patience)
{
    /// <summary>The patience unless the user sets another one.</summary>
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromMinutes(5);
}
