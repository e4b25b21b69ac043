using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <summary>Selects which part of a recording to print: everything, or one resource or pod.</summary>
/// <param name="Resource">A LINSTOR resource definition; null for all.</param>
/// <param name="Pod">A pod, in any incarnation; null for all.</param>
internal sealed record ReplayFilter(ResourceName? Resource, ObjectKey? Pod)
{
    /// <summary>Whether to print a decision, or an answer to it.</summary>
    public bool Includes(Decision decision) => decision switch
    {
        Decision.QueryResource o => Includes(o.Resource),
        Decision.QuerySatellites => Pod is null, // every resource's loss rests on it
        Decision.TaintNode o => Includes(o.Evidence.Resource),
        Decision.DeletePod o => Includes(o.Evidence.Resource, o.Pod),
        Decision.DeleteAttachment o => Includes(o.Evidence.Resource),
        Decision.Hold o => Includes(o.Resource, [.. o.Pods]),
        Decision.ReportStuck o => Includes(o.Failover),
        _ => Resource is null && Pod is null, // about a node
    };

    /// <summary>Whether to print the end of a failover.</summary>
    public bool Includes(Failover failover) => Includes(failover.Evidence.Resource, failover.Pod);

    private bool Includes(ResourceName resource, params ReadOnlySpan<Pod> pods)
    {
        foreach (var pod in pods)
        {
            if (pod.Key == Pod)
            {
                return Resource is null || Resource == resource;
            }
        }

        return Pod is null && (Resource is null || Resource == resource);
    }
}
