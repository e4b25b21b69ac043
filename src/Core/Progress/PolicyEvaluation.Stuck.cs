namespace Piraeus.HighAvailability.Core;

/// <content>Reports failovers that make no progress.</content>
internal sealed partial class PolicyEvaluation
{
    private void Follow()
    {
        if (cluster.Failovers.Count == 0)
        {
            return;
        }

        var inquiries = 0;
        var late = new List<Failover>();
        var patience = Timings.LongestPhase + (cluster.Failovers.Count * Timings.PerFailover);
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

        // A pod of a StatefulSet may have moved twice: the uid makes the order the same in every process.
        foreach (var failover in late.OrderByDescending(failover => failover.Pod.Priority).ThenBy(failover => failover.Pod.Key).ThenBy(failover => failover.Pod.Uid.Value, StringComparer.Ordinal))
        {
            var phase = failover.Awaited!.Value;
            if (StuckReason.Subject(failover, phase) is { } subject && inquiries++ < Timings.MostInquiriesAtOnce)
            {
                var (inquiry, asked) = (new Decision.QueryWarnings(failover.Pod.Key.Namespace, subject), cluster.Warnings.GetValueOrDefault(subject)?.AskedAt);
                Ask(inquiry, asked is { } at ? at + Timings.WarningLasts : now);
                if (asked is null && !cluster.RetryStates.ContainsKey(inquiry.Key))
                {
                    continue; // about to be answered, or refused
                }
            }

            _decisions.Add(new Decision.ReportStuck(failover, phase, StuckReason.Of(cluster, failover, phase)));
        }
    }
}
