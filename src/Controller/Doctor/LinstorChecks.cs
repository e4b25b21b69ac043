using System.Globalization;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Doctor;

/// <summary>Whether LINSTOR answers, with which satellites, and whether its events arrive.</summary>
internal sealed class LinstorChecks(LinstorConnection connection, LinstorClient linstor, PromotionStream stream, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <returns>The satellites; null if LINSTOR does not answer.</returns>
    public async Task<Observation.SatellitesListed?> AnswersAsync(Findings findings, CancellationToken cancellation)
    {
        try
        {
            var began = clock.GetTimestamp();
            var listed = await linstor.SatellitesAsync(cancellation);
            var took = clock.GetElapsedTime(began);
            var version = await linstor.VersionAsync(cancellation);
            var address = connection.InUse.Address;
            findings.Ok(string.Create(CultureInfo.InvariantCulture, $"LINSTOR {version} answers at {address}, in {took.TotalMilliseconds:0} ms."));
            if (took > RequestLatency.Slow)
            {
                findings.Warn(string.Create(CultureInfo.InvariantCulture, $"LINSTOR is slow: it took {took.TotalSeconds:0.0} s to answer."), "Failovers wait for its answers. Look at the load of its node and at its database.");
            }

            if (connection.InUse.Fault is { } fault)
            {
                findings.Fail(fault, "Check LS_CONTROLLERS: another LINSTOR controller may have the satellites.");
            }

            Satellites(findings, listed);
            return listed;
        }
        catch (LinstorException failed)
        {
            findings.Fail($"LINSTOR does not answer: {failed.Message}", "Check LS_CONTROLLERS and the other LS_ variables. From outside the cluster: kubectl port-forward, and LS_CONTROLLERS=http://localhost:3370.");
            return null;
        }
    }

    /// <summary>LINSTOR replays its present state to every subscriber, so that a living stream speaks at once.</summary>
    public async Task EventsAsync(Findings findings, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            await foreach (var _ in stream.ReadAsync(either.Token))
            {
                findings.Ok("LINSTOR's promotion events arrive.");
                return;
            }

            findings.Fail("LINSTOR ended its stream of promotion events at once.", "Check proxies between here and LINSTOR: they must not buffer or cut long answers.");
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            findings.Warn("No promotion event arrived within 5 s.", "That is right if LINSTOR has no DRBD resource. Else check proxies between here and LINSTOR: they must not buffer.");
        }
        catch (LinstorException failed)
        {
            findings.Fail($"LINSTOR's promotion events cannot be read: {failed.Message}", "Without them a loss is noticed later, when the resource is asked about.");
        }
    }

    /// <summary>Whether LINSTOR knows each node that uses its volumes.</summary>
    public static void Nodes(Findings findings, ClusterSnapshot cluster)
    {
        var used = cluster.Pods.All.Where(held => held.Item.ClaimKeys.Any(claim => cluster.Claims.ReferringTo(claim).Any(volume => volume.Item.Resource is not null))).Select(held => held.Item.Node).OfType<NodeName>();
        List<string> unknown = [.. cluster.CsiNodes.Values.Where(node => node.LinstorName is not null).Select(node => node.Name).Union(used).Where(node => cluster.Linstor.Find(cluster.LinstorNameOf(node)) is null).Select(node => $"{node}")];
        findings.FailOf(
            unknown, "LINSTOR knows no satellite for node", "nodes have no satellite that LINSTOR knows",
            "Their names in LINSTOR must be those that the CSI driver registers (kubectl get csinodes -o yaml). Pods there are never moved.");
    }

    private static void Satellites(Findings findings, Observation.SatellitesListed listed)
    {
        List<string> away = [.. listed.Satellites.Where(satellite => satellite.State != SatelliteState.Online).Select(satellite => $"{satellite.Name}{(satellite.Evicted ? " (evicted)" : "")}")];
        if (away.Count == 0 && listed.Satellites.Length > 0)
        {
            findings.Ok($"All {listed.Satellites.Length} satellites are ONLINE.");
        }

        findings.WarnOf(away, "LINSTOR does not reach the satellite", $"of {listed.Satellites.Length} satellites are not ONLINE", "Their replicas say nothing, so less can be proved. Start the satellites, or declare nodes that are gone as lost (linstor node lost).");
    }
}
