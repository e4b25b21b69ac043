namespace Piraeus.HighAvailability.Core;

/// <summary>Who has lost its storage, and what is to be done about it.</summary>
/// <remarks>Has no memory: the same snapshot and the same instant always give the same verdict.</remarks>
public sealed class FailoverPolicy(FailoverSettings settings)
{
    /// <summary>Everything to be done, and everything left alone, at one instant.</summary>
    public Verdict Decide(ClusterSnapshot cluster, Instant now) => new PolicyEvaluation(settings, cluster, now).Conclude();
}
