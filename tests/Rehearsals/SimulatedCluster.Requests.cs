using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>The requests of the controllers, and how LINSTOR and the API server answer them.</content>
internal sealed partial class SimulatedCluster
{
    /// <summary>How rarely a process asks about a resource that LINSTOR has refused again and again, deadline included.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(25);

    /// <summary>LINSTOR's response time.</summary>
    public TimeSpan LinstorTakes { get; set; }

    /// <summary>LINSTOR's longest response time in this scenario.</summary>
    public TimeSpan LinstorTookMost { get; private set; }

    /// <summary>Sends a query to LINSTOR; the answer is null if there is none.</summary>
    /// <param name="asker">The process that asks.</param>
    /// <param name="about">The resource, whose requests may hang; null if the query concerns no single one.</param>
    /// <param name="requests">How many sequential requests it takes.</param>
    /// <param name="question">Computes the answer at the time of the answer.</param>
    /// <param name="answered">Receives the answer.</param>
    public void QueryLinstor(SimulatedController asker, ResourceName? about, int requests, Func<Observation> question, Action<Observation?> answered)
    {
        var (life, there) = (asker.Life, asker.Noise.Delay() + (requests * LinstorTakes / 2));
        EventQueue.After(there, () =>
        {
            if (life == asker.Life)
            {
                var isReached = asker.ReachesLinstor && !(about is { } resource && _hanging.Contains(resource));
                var answer = isReached && Storage.LinstorRuns ? question() : null;
                var back = (requests * LinstorTakes / 2) + (asker.Noise.OnceIn(40) ? asker.Noise.UpTo(SlowAnswer) : asker.Noise.Delay());
                var isInTime = isReached && there + back < requests * Unanswered;
                asker.Later(isInTime ? back : Unanswered > there ? Unanswered - there : TimeSpan.Zero, () => answered(isInTime ? answer : null));
            }
        });
    }

    /// <summary>LINSTOR's answer about a resource to one of our processes.</summary>
    public Observation ReportTo(SimulatedController asker, ResourceName resource, Instant asked)
    {
        var report = _missingOnce.Remove((asker, resource)) ? new(resource, false, [], asked) : CoreMapping.Report(Storage, resource, asked, asker.SeesNoSatellite);
        var answer = new Observation.ResourceReported(_unreadable.Contains(resource) ? report with { QuorumProperties = null, AllowsTwoPrimaries = null } : report);
        _given[answer] = (EventQueue.Now, [.. Nodes.Where(node => Oracle.IsProvedLost(ScenarioSetup.Handle(VolumeOf(resource.Value)), node.Name)).Select(node => node.Name)]);
        return answer;
    }

    /// <summary>When LINSTOR gave the newest answer about a resource that the process, in its present life, has taken in, and when that answer arrived. Null if there is none.</summary>
    public (TimeSpan Given, TimeSpan Taken)? NewestAnswer(SimulatedController controller, string resource) => NewestAnswer(controller, resource, EventQueue.Now);

    /// <summary>The same, of those that had arrived at an earlier time.</summary>
    public (TimeSpan Given, TimeSpan Taken)? NewestAnswer(SimulatedController controller, string resource, TimeSpan until)
    {
        var answers = _answers.GetValueOrDefault((controller, controller.Life, new(resource)));
        var last = answers?.FindLastIndex(answer => answer.Taken <= until) ?? -1;
        return last < 0 ? null : answers![last];
    }

    /// <summary>When LINSTOR gave the first answer about a resource, from an instant on, that the process, in its present life, has taken in. Null if there is none.</summary>
    public TimeSpan? FirstAnswer(SimulatedController controller, string resource, TimeSpan since) =>
        _answers.GetValueOrDefault((controller, controller.Life, new(resource)))?.Where(answer => answer.Given >= since).Select(answer => (TimeSpan?)answer.Given).FirstOrDefault();

    /// <summary>The API server's list of the pods on a node, for one of our processes.</summary>
    public Observation PodsTo(NodeName node, Instant asked)
    {
        var list = new Observation.PodsOnNodeListed(
            node,
            [.. Store.All<Simulator.Kubernetes.Pod>().Where(pod => pod.Spec.NodeName == node.Value).Select(CoreMapping.Pod)],
            Store.Find<Simulator.Kubernetes.Node>(node.Value)?.VolumesInUse ?? [],
            asked)
        {
            Ready = Store.Find<Simulator.Kubernetes.Node>(node.Value)?.Ready == Simulator.Kubernetes.NodeReadiness.True,
            Tainted = Store.Find<Simulator.Kubernetes.Node>(node.Value)?.Taints.Any(taint => taint.Key == CoreMapping.TaintKey),
        };
        _listed[list] = EventQueue.Now;
        return list;
    }

    /// <summary>When the API server made the list of a node's pods that the process, in its present life, last took in by then, and when that list arrived. Null if there is none.</summary>
    public (TimeSpan Given, TimeSpan Taken)? NewestList(SimulatedController controller, string node, TimeSpan until)
    {
        var lists = _lists.GetValueOrDefault((controller, controller.Life, new(node)));
        var last = lists?.FindLastIndex(list => list.Taken <= until) ?? -1;
        return last < 0 ? null : lists![last];
    }

    /// <summary>Sets LINSTOR's response time from now on.</summary>
    public void SlowDown(TimeSpan takes) => (LinstorTakes, LinstorTookMost) = (takes, takes > LinstorTookMost ? takes : LinstorTookMost);

    /// <summary>LINSTOR does not answer requests about a resource within their deadline.</summary>
    public void Hang(string resource, bool begin) => Withhold(_hanging, resource, begin);

    /// <summary>LINSTOR does not return the properties of a definition and of its group.</summary>
    public void HidePolicy(string resource, bool begin) => Withhold(_unreadable, resource, begin);

    private void Withhold(HashSet<ResourceName> from, string resource, bool begin)
    {
        Set(from, new(resource), begin);
        EventQueue.After(begin ? TimeSpan.Zero : LongestPause, () => Oracle.NoteUnanswered(ScenarioSetup.Handle(VolumeOf(resource)), _hanging.Contains(new(resource)) || _unreadable.Contains(new(resource))));
    }

    /// <summary>LINSTOR reports once to each of our processes that the definition does not exist.</summary>
    public void MissOnce(string resource) => _missingOnce.UnionWith(Controllers.Select(controller => (controller, new ResourceName(resource))));

    private static void Set(HashSet<ResourceName> resources, ResourceName resource, bool isIn) => _ = isIn ? resources.Add(resource) : resources.Remove(resource);

    /// <summary>Sends a query to the API server; the answer is null if there is none.</summary>
    public void QueryApi(SimulatedController asker, Func<Observation> question, Action<Observation?> answered)
    {
        var life = asker.Life;
        EventQueue.After(asker.Noise.Delay(), () =>
        {
            if (life != asker.Life)
            {
                return;
            }

            var answer = asker is { ReachesApi: true, ReceivesAnswers: true } && Refuses() is null ? question() : null;
            asker.Later(asker.ReachesApi ? asker.Noise.Delay() : Unanswered, () => answered(answer));
        });
    }

    /// <summary>The API server's refusal of a request; null if it carries the request out.</summary>
    public MutationAnswer? Refuses() => _refusing > 0 && _noise.OnceIn(2)
        ? new(MutationOutcome.Refused, "the server is busy", _noise.OnceIn(2) ? TimeSpan.FromSeconds(1) : null)
        : null;

    public void RefuseRequests(bool begin) => _refusing += begin ? 1 : -1;
}
