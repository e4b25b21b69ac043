using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Doctor;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WireDiagnosis))]
internal sealed partial class DoctorJson : JsonSerializerContext;

/// <summary>The output of <c>doctor -o json</c>. docs/operations.md explains it.</summary>
/// <param name="Healthy">Whether no check has failed. Warnings do not count.</param>
/// <param name="Checks">The checks, in the order in which they were made.</param>
/// <param name="IfNodeDied">For each node with pods that use LINSTOR volumes, what would happen if it died now.</param>
internal sealed record WireDiagnosis(bool Healthy, IReadOnlyList<WireCheck> Checks, IReadOnlyList<WireNodeForecast> IfNodeDied);

/// <summary>One check.</summary>
/// <param name="Section">What it is about.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Message">What was found, in one sentence.</param>
/// <param name="Advice">What to do; null if there is nothing to do.</param>
internal sealed record WireCheck(Section Section, CheckOutcome Outcome, string Message, string? Advice = null);

/// <summary>What a check is about.</summary>
internal enum Section
{
    /// <summary>The Kubernetes API and the rights there.</summary>
    Kubernetes,

    /// <summary>The replicas of the controller, and whatever competes with them.</summary>
    Controller,

    /// <summary>LINSTOR's controller, its event stream and its satellites.</summary>
    Linstor,

    /// <summary>The LINSTOR resources behind PersistentVolumes.</summary>
    Volumes,

    /// <summary>The pods that use them.</summary>
    Pods,
}

/// <summary>How a check ended.</summary>
internal enum CheckOutcome
{
    /// <summary>All is well.</summary>
    Ok,

    /// <summary>Failovers work, but not for everything, or not as fast.</summary>
    Warning,

    /// <summary>Failovers do not work, or it could not be found out.</summary>
    Failed,
}

/// <summary>What would happen if a node died now.</summary>
/// <param name="Node">The Kubernetes node.</param>
/// <param name="Moves">How many of its pods would be moved.</param>
/// <param name="Stays">How many would not.</param>
/// <param name="Pods">These pods.</param>
internal sealed record WireNodeForecast(string Node, int Moves, int Stays, IReadOnlyList<WirePodForecast> Pods);

/// <summary>What would become of a pod.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="MovedAfterSeconds">How long after LINSTOR has noticed the loss it would be deleted; null if it would stay.</param>
/// <param name="Reason">The hold reason; null if it would move, or if its labels do not match.</param>
/// <param name="Sentence">The same for people.</param>
internal sealed record WirePodForecast(string Namespace, string Name, double? MovedAfterSeconds, string? Reason, string Sentence);
