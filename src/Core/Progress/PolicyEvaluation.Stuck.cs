namespace Piraeus.HighAvailability.Core;

/// <content>What is said of failovers that were begun and get no further.</content>
internal sealed partial class PolicyEvaluation
{
    /// <summary>How long a phase may take before somebody should hear of it; what falls together takes longer.</summary>
    private static readonly TimeSpan LongestPhase = TimeSpan.FromSeconds(10);

    /// <summary>What Kubernetes needs for one of many.</summary>
    private static readonly TimeSpan PerFailover = TimeSpan.FromMilliseconds(50);

    /// <summary>How long what Kubernetes has warned of may be repeated without asking again.</summary>
    private static readonly TimeSpan WarningLasts = TimeSpan.FromSeconds(10);

    /// <summary>How many objects are asked about at a time: of a thousand that wait for the same thing, a few tell as much as all.</summary>
    private const int MostInquiries = 4;

    private void Follow()
    {
        if (cluster.Failovers.Count == 0)
        {
            return;
        }

        var inquiries = 0;
        var late = new List<Failover>();
        var patience = LongestPhase + (cluster.Failovers.Count * PerFailover);
        foreach (var held in cluster.Failovers.All)
        {
            if (held.Item.Ending is null && held.Item.Since + patience is var hour)
            {
                if (now < hour)
                {
                    WakeAt(hour);
                }
                else
                {
                    late.Add(held.Item);
                }
            }
        }

        foreach (var failover in late.OrderByDescending(failover => failover.Pod.Priority).ThenBy(failover => failover.Pod.Key))
        {
            var phase = failover.Awaited!.Value;
            if (Obstacle.Subject(failover, phase) is { } subject && inquiries++ < MostInquiries)
            {
                var (inquiry, asked) = (new Decision.QueryWarnings(failover.Pod.Key.Namespace, subject), cluster.Warnings.GetValueOrDefault(subject)?.AskedAt);
                Ask(inquiry, asked is { } at ? at + WarningLasts : now);
                if (asked is null && !cluster.Attempts.ContainsKey(inquiry.Key))
                {
                    continue; // about to be answered, or refused
                }
            }

            _decisions.Add(new Decision.ReportStuck(failover, phase, Obstacle.To(cluster, failover, phase)));
        }
    }
}
