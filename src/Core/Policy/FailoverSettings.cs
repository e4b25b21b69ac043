namespace Piraeus.HighAvailability.Core;

/// <summary>The settings of the policy.</summary>
public sealed record FailoverSettings
{
    /// <summary>How long a loss must last if the resource was seen in another state before.</summary>
    public TimeSpan KnownResourceGrace { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How long a loss must last if the resource was in that state when first seen.</summary>
    public TimeSpan NewResourceGrace { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>The grace period of a loss.</summary>
    public TimeSpan GraceOf(LossAssessment assessment) => assessment.AtFirstSight ? NewResourceGrace : KnownResourceGrace;

    /// <summary>The grace period of a consumer. If its resource was never seen on its node, that of a known resource applies.</summary>
    internal TimeSpan GraceOf(VolumeConsumer consumer) => consumer.Assessment is { } assessment ? GraceOf(assessment) : KnownResourceGrace;

    /// <summary>How often LINSTOR is queried about a resource that looks lost.</summary>
    public TimeSpan ReconcileInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether nodes that have lost storage are tainted.</summary>
    public bool TaintNodes { get; init; } = true;

    /// <summary>The share of satellites, from 0 to 1, above which a loss is taken for a storm and everything is held.</summary>
    public double StormThreshold { get; init; } = 0.5;
}
