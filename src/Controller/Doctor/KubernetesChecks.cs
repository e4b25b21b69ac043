using System.Globalization;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Doctor;

/// <summary>Whether the Kubernetes API answers and grants what is needed, and whether replicas of the controller run.</summary>
/// <param name="kubernetes">The client, with the rights of whoever runs the checks.</param>
/// <param name="lease">The Lease that the replicas compete for.</param>
/// <param name="clock">Compares the Lease with the wall clock here.</param>
internal sealed class KubernetesChecks(KubernetesClient kubernetes, ObjectKey lease, TimeProvider clock)
{
    /// <summary>A Lease lasts 15 s; a replica that has died is replaced within this time.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>A living leader renews the Lease within this time.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(4);

    /// <summary>The labels of the agents' pods: those of Operator v2, and of the Helm chart of 1.x.</summary>
    private static readonly string[] AgentLabels = ["app.kubernetes.io/component=ha-controller", "app.kubernetes.io/name=piraeus-ha-controller"];

    private static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(5);

    /// <returns>Whether the API server answers, so that further checks make sense.</returns>
    public async Task<bool> AnswersAsync(Findings findings, CancellationToken cancellation)
    {
        try
        {
            findings.Ok($"The API server answers: Kubernetes {await kubernetes.VersionAsync(cancellation)}.");
            return true;
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            findings.Fail($"The API server does not answer: {failed.Message}", "Check --kubeconfig, and whether the API server is reachable from here.");
            return false;
        }
    }

    public async Task RightsAsync(Findings findings, CancellationToken cancellation)
    {
        try
        {
            var granted = await Task.WhenAll(Permission.All.Select(right => kubernetes.MayAsync(right.Group, right.Resource, right.Verb, right.Only(lease), cancellation)));
            var missing = Permission.All.Zip(granted).Where(asked => !asked.Second).Select(asked => asked.First).ToList();
            if (missing.Count == 0)
            {
                findings.Ok("This account has every right that the controller needs.");
            }

            foreach (var kind in missing.GroupBy(right => (right.Group, right.Resource, right.IsOfLease)))
            {
                var (verbs, advice) = (string.Join(", ", kind.Select(right => right.Verb)), $"If the controller runs with this account: {Permission.RuleFor(kind, lease.Namespace)}.");
                if (kind.All(right => right.Cost is not null))
                {
                    findings.Warn($"This account may not {verbs} {kind.Key.Resource}: {string.Join(", and ", kind.Select(right => right.Cost).Distinct())}.", advice);
                }
                else
                {
                    findings.Fail($"This account may not {verbs} {kind.Key.Resource}.", advice);
                }
            }
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            findings.Fail($"The API server does not report which rights this account has: {failed.Message}");
        }
    }

    public async Task ReplicasAsync(Findings findings, CancellationToken cancellation)
    {
        try
        {
            var found = await kubernetes.GetLeaseAsync(lease, cancellation);
            var renewed = found?.Spec.RenewTime;
            if (clock.GetUtcNow() - renewed > LongestPause && found?.Spec.HolderIdentity is { Length: > 0 })
            {
                await Task.Delay(Renewal, clock, cancellation); // or this clock is ahead
                found = await kubernetes.GetLeaseAsync(lease, cancellation);
            }

            var age = clock.GetUtcNow() - found?.Spec.RenewTime;
            switch (found?.Spec.HolderIdentity)
            {
                case null when found is null:
                    findings.Warn($"There is no Lease {lease}: no replica runs with leader election there.", "Name the controller's namespace with --namespace, and its Lease with --lease.");
                    break;
                case null or "":
                    findings.Fail($"No replica holds the Lease {lease}, so none acts.", "Read the log of the replicas.");
                    break;
                case var holder when age > LongestPause && found.Spec.RenewTime > renewed:
                    findings.Warn(string.Create(CultureInfo.InvariantCulture, $"{holder} leads, and this clock is {age.Value.TotalSeconds:0} s ahead of its one."), "Set the clocks: the times in logs and in the status differ by as much. Decisions do not depend on them.");
                    break;
                case var holder when age > LongestPause:
                    findings.Fail(string.Create(CultureInfo.InvariantCulture, $"{holder} holds the Lease {lease}, and last renewed it {age.Value.TotalSeconds:0} s ago, so no replica acts."), "Check that replicas run and reach the API server.");
                    break;
                case var holder when age < -MostSkew:
                    findings.Warn(string.Create(CultureInfo.InvariantCulture, $"{holder} leads, and its clock is {-age.Value.TotalSeconds:0} s ahead of this one."), "Set the clocks: the times in logs and in the status are wrong by as much. Decisions do not depend on them.");
                    break;
                case var holder:
                    findings.Ok($"{holder} leads.");
                    break;
            }
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            findings.Warn($"The Lease {lease} cannot be read: {failed.Message}", "It is unknown whether a replica leads.");
        }
    }

    /// <summary>Version 1.x is an agent on each node, which deletes pods by rules of its own.</summary>
    public async Task AgentsAsync(Findings findings, CancellationToken cancellation)
    {
        try
        {
            List<string> agents = [];
            foreach (var label in AgentLabels)
            {
                agents.AddRange((await kubernetes.DaemonSetPodsAsync(label, cancellation)).Select(pod => $"{pod}"));
            }

            if (agents.Count == 0)
            {
                findings.Ok("No agents of version 1.x run beside this controller.");
            }

            findings.WarnOf(
                agents, "An agent of version 1.x runs beside this controller: pod", "agents of version 1.x run beside this controller",
                "They delete pods by rules of their own: set spec.highAvailabilityController.enabled of the LinstorCluster to false.");
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            findings.Warn($"It is unknown whether agents of version 1.x run: {failed.Message}", "Look for a DaemonSet named ha-controller.");
        }
    }
}
