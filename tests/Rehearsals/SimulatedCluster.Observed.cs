using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>What the controllers have observed and decided, as far as the oracle needs it.</content>
internal sealed partial class SimulatedCluster
{
    /// <summary>Records that an observation has reached one of our processes.</summary>
    public void Observed(SimulatedController controller, Observation seen, ClusterSnapshot before, Instant at)
    {
        Observer.Observed?.Invoke(controller.Name, seen, at);
        switch (seen)
        {
            case Observation.PromotionChanged:
                _hears.TryAdd((controller, controller.Life), EventQueue.Now);
                break;
            case Observation.ResourceReported o:
                Read(controller, o, before);
                break;
            case Observation.SatellitesListed o:
                Read(controller, o);
                break;
            case Observation.PodsOnNodeListed o when _listed.Remove(o, out var given):
                var key = (controller, controller.Life, o.Node);
                (_lists.TryGetValue(key, out var lists) ? lists : _lists[key] = []).Add((given, EventQueue.Now));
                break;
        }

        if (!seen.GetType().IsGenericType)
        {
            Coverage.Reach(Coverage.Of(seen));
        }

        if (seen is Observation.MutationAnswered acted)
        {
            Coverage.Reach(Coverage.Of(acted.Outcome.Answer));
            if (IsTold)
            {
                Log(controller.Name, $"was answered {acted.Outcome.Answer} to: {DecisionText.Of(acted.Decision)}");
            }
        }

        if (controller.Cluster.Failovers == before.Failovers)
        {
            return;
        }

        foreach (var held in controller.Cluster.Failovers.All)
        {
            if (held.Item.Ending is { } ending && before.Failovers.Find(held.Item.Pod.Uid)?.Item.Ending is null)
            {
                Coverage.Reach(Coverage.Of(ending));
                Log(controller.Name, $"says: {DecisionText.Of(held.Item)}");
            }
        }
    }

    private void Read(SimulatedController controller, Observation.ResourceReported answer, ClusterSnapshot before)
    {
        var report = answer.Report;
        foreach (var replica in report.Replicas)
        {
            // If the process has heard meanwhile that the satellite is away, the answer is older than that.
            if (replica.Promotability != Promotability.Unknown && before.Resources.GetValueOrDefault(report.Resource)?.Find(replica.Node) is not { IsSilent: true, HeardAt: not null, ReportedAt: null })
            {
                _read[(controller, controller.Life, report.Resource, replica.Node)] = EventQueue.Now;
            }
        }

        if (_given.Remove(answer, out var given))
        {
            var key = (controller, controller.Life, report.Resource);
            (_answers.TryGetValue(key, out var answers) ? answers : _answers[key] = []).Add((given.At, EventQueue.Now));
            NoteLosses(controller, report.Resource.Value, given.Lost);
        }

        if (report.QuorumProperties is { } properties && !Core.QuorumPolicy.Fences(properties.Definition ?? properties.Controller, report.Replicas.Count(replica => !replica.Diskless)))
        {
            _knownUnfenced[(controller, controller.Life, report.Resource)] = EventQueue.Now;
        }
    }

    private void Read(SimulatedController controller, Observation.SatellitesListed list)
    {
        _hears.TryAdd((controller, controller.Life), EventQueue.Now);
        _listens.TryAdd((controller, controller.Life), EventQueue.Now);
        foreach (var satellite in list.Satellites)
        {
            if (satellite.State == SatelliteState.Online)
            {
                _seenOnline.Add((controller, controller.Life, satellite.Name));
            }

            foreach (var definition in satellite.QuorumPolicy == "off" ? InheritingFrom(Storage.Machine(satellite.Name.Value)) : [])
            {
                _knownUnfenced[(controller, controller.Life, new(ScenarioSetup.Handle(VolumeOf(definition))))] = EventQueue.Now;
            }
        }
    }

    /// <summary>Records a decision of one of our processes.</summary>
    public void Decided(SimulatedController controller, Decision decision)
    {
        Coverage.Reach(Coverage.Of(decision));
        if (decision is Decision.Hold hold)
        {
            Coverage.Reach(Coverage.Of(hold.Reason));
        }

        if (IsTold && decision is not Decision.Query)
        {
            var sentence = DecisionText.Of(decision);
            var key = (controller.Name, sentence);
            if (_logged.GetValueOrDefault(key) is 0)
            {
                Log(controller.Name, $"{sentence}");
            }

            _logged[key] = 1;
        }
    }

    // A loss that is older than the process counts only for a while: a pod that starts on a node that is off has lost nothing.
    private void NoteLosses(SimulatedController controller, string resource, ImmutableArray<string> nodes)
    {
        if (controller.Cluster.SyncedSources.IsSupersetOf([Source.Pods, Source.Volumes, Source.Attachments]) && _listens.TryGetValue((controller, controller.Life), out var listens))
        {
            _informed.TryAdd((controller, controller.Life), EventQueue.Now);
            var began = _informed[(controller, controller.Life)];
            var known = nodes.Where(node => EventQueue.Now < (began > listens ? began : listens) + FirstLook && HasUserOn(VolumeOf(resource), node));
            _seenLost.UnionWith(known.Select(node => (controller, controller.Life, node)));
        }
    }
}
