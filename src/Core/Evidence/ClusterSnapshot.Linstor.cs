using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <content>What LINSTOR reports.</content>
public sealed partial record ClusterSnapshot
{
    private Resource ResourceOf(ResourceName name) => Resources.GetValueOrDefault(name) ?? new Resource(name);

    private ClusterSnapshot With(Resource resource, Instant at)
    {
        Resource assessed;
        try
        {
            assessed = resource.Reassess(Linstor, at);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return this with { Resources = Resources.SetItem(resource.Name, resource.Hold(at)), Errors = Errors.Add(error) };
        }

        return Resources.TryGetValue(resource.Name, out var before) && ReferenceEquals(before, assessed)
            ? this
            : this with { Resources = Resources.SetItem(resource.Name, assessed) };
    }

    private ClusterSnapshot Report(ResourceReport report, Instant at)
    {
        var answered = this with
        {
            Linstor = Linstor.IsSynced ? Linstor with { AnsweredAt = at } : Linstor,
            RetryStates = RetryStates.Remove(DecisionKey.QueryResource(report.Resource)),
        };
        return answered.With(ResourceOf(report.Resource).Observe(report, at, Linstor), at);
    }

    /// <summary>LINSTOR has listed its satellites. Only this ends a silence, because without the list, the state of the satellites is stale.</summary>
    private ClusterSnapshot Relist(Observation.SatellitesListed listed, Instant at)
    {
        var isSame = Satellites is { } before && before.Count == listed.Satellites.Length && listed.Satellites.All(satellite => before.GetValueOrDefault(satellite.Name) == satellite);

        // A LINSTOR that reached no satellite knew nothing: it had just started, or is the wrong one of two.
        var reachesAny = listed.Satellites.Any(satellite => satellite.State == SatelliteState.Online);
        var isReturn = (!Linstor.ReachesAny && reachesAny)
            || (!Linstor.IsSynced && !(Linstor.IsStreamIntact && at - Linstor.LostAt <= Timings.LongestDetection));
        var next = this with
        {
            SyncedSources = SyncedSources.Add(Source.Linstor),
            RetryStates = RetryStates.Remove(DecisionKey.QuerySatellites),
            Linstor = Linstor with
            {
                SeenPolicies = isSame ? Linstor.SeenPolicies : Linstor.SeenPolicies.Where(seen => listed.Satellites.Any(satellite => satellite.Name == seen.Node))
                    .Concat(listed.Satellites.Where(satellite => satellite.QuorumPolicy is not null).Select(satellite => (satellite.Name, satellite.QuorumPolicy!))).ToImmutableHashSet(),
                Gone = isSame ? Linstor.Gone : GoneAfter(listed),
                Satellites = isSame ? Satellites : listed.Satellites.DistinctBy(satellite => satellite.Name).ToImmutableDictionary(satellite => satellite.Name),
                AskedAt = listed.AskedAt,
                Latency = at - listed.AskedAt,
                AnsweredAt = at,
                IsSynced = true,
                ReachesAny = reachesAny,
                IsStreamIntact = true,
                ReturnedAt = isReturn ? at : Linstor.ReturnedAt,
                FirstReturnedAt = Linstor.FirstReturnedAt ?? at,
                SpokenBefore = isReturn ? Linstor.SpokenFor(at) : Linstor.SpokenBefore,
            },
        };

        // An unchanged list may be the second one that lists a satellite as away, although the satellite has spoken in between.
        if (!isSame || !Linstor.IsSynced)
        {
            return next.ReassessAll(Resources.Values, at);
        }

        var away = listed.Satellites.Where(satellite => satellite.State != SatelliteState.Online).Select(satellite => satellite.Name).ToHashSet();
        var spoken = away.Count == 0 ? [] : Resources.Values.Where(resource => !IsInDoubt(resource.Name) && resource.Speakers.Any(speaker => !speaker.IsSilent && away.Contains(speaker.Node)));

        // A replica that has vanished was removed, or lost with its node. A resource that was lost somewhere counts although no consumer of it is in doubt any more.
        var lost = LostOn.Values.SelectMany(lost => lost.Keys).Distinct().Where(name => !IsInDoubt(name) && Resources.ContainsKey(name));
        return next.ReassessAll(NamesInDoubt.Concat(lost).Select(name => Resources[name]).Concat(spoken), at);
    }

    private ImmutableDictionary<NodeName, Instant> GoneAfter(Observation.SatellitesListed listed)
    {
        var names = listed.Satellites.Select(satellite => satellite.Name).ToHashSet();
        return listed.Satellites.All(satellite => satellite.State == SatelliteState.Online) ? ImmutableDictionary<NodeName, Instant>.Empty
            : Linstor.Gone.RemoveRange(names).SetItems((Satellites?.Keys ?? []).Where(name => !names.Contains(name)).Select(name => KeyValuePair.Create(name, Linstor.AskedAt!.Value)));
    }

    private ClusterSnapshot LinstorLost(bool isStreamIntact, Instant at) => !Linstor.IsSynced ? this with { Linstor = Linstor with { IsStreamIntact = Linstor.IsStreamIntact && isStreamIntact } } : (this with
    {
        SyncedSources = SyncedSources.Remove(Source.Linstor),
        Linstor = Linstor with { IsSynced = false, LostAt = at, IsStreamIntact = isStreamIntact },
    }).ReassessAll(NamesInDoubt.Select(name => Resources[name]), at);

    private ClusterSnapshot ReassessAll(IEnumerable<Resource> resources, Instant at) => resources.Aggregate(this, (cluster, resource) => cluster.With(resource, at));
}
