namespace Piraeus.HighAvailability.Core;

/// <summary>Decides which consumers have lost their storage, and what to do about it.</summary>
/// <remarks>Stateless: the same snapshot and the same instant always give the same verdict.</remarks>
public sealed class FailoverPolicy(FailoverSettings settings)
{
    /// <summary>All decisions for one instant: what to do, and what to leave alone.</summary>
    public Verdict Decide(ClusterSnapshot cluster, Instant now) => new PolicyEvaluation(settings, cluster, now).Conclude();
}
