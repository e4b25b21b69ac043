using System.Globalization;

namespace Piraeus.HighAvailability.Core.Tests;

/// <content>Lets time pass, and carries out what is decided.</content>
internal sealed partial class Scenario
{
    /// <summary>Lets time pass, thinking whenever the policy asked for it, and now.</summary>
    public Scenario After(double seconds)
    {
        var end = Now + TimeSpan.FromSeconds(seconds);
        var idle = 0;
        for (var turns = 0; ; turns++)
        {
            Assert.True(turns < 10_000, string.Create(CultureInfo.InvariantCulture, $"the policy does not come to rest at {Now}: {string.Join(' ', Sentences)}"));
            _verdict = new FailoverPolicy(_settings).Decide(Cluster, Now);
            var busy = false;
            foreach (var decision in _verdict.Decisions)
            {
                busy |= Perform(decision);
            }

            if (busy)
            {
                idle = 0;
                continue;
            }

            if (Now >= end)
            {
                return this;
            }

            Assert.False(_verdict.RequeueAt <= Now, $"the policy asked to be woken at {_verdict.RequeueAt}, which is past at {Now}");
            idle = _verdict.RequeueAt - Now < TimeSpan.FromMilliseconds(10) ? idle + 1 : 0;
            Assert.True(idle < 10, string.Create(CultureInfo.InvariantCulture, $"the policy wakes again and again for nothing at {Now}: {string.Join(' ', Sentences)}"));
            Now = _verdict.RequeueAt is { } next && next < end ? next : end;
            Observe(new Observation.Tick());
        }
    }

    private bool Perform(Decision decision)
    {
        switch (decision)
        {
            case Decision.Hold or Decision.ReportStuck:
                return false;
            case Decision.Query when Ignores(decision):
                Observe(new Observation.MutationAnswered(decision, new(MutationOutcome.Refused), Now));
                return true;
            case Decision.QueryWarnings o:
                Observe(new Observation.WarningsListed(o.About, Warning, Now));
                return true;
            case Decision.QueryResource o when _linstorAnswers:
                Report(o.Resource.Value);
                return true;
            case Decision.QuerySatellites when _linstorAnswers:
                Observe(new Observation.SatellitesListed([.. _satellites.Values], Now));
                return true;
            case Decision.QueryResource or Decision.QuerySatellites:
                Observe(new Observation.MutationAnswered(decision, new(MutationOutcome.Refused), Now));
                return true;
            case Decision.ListPodsOnNode when !Surveys:
                Observe(new Observation.MutationAnswered(decision, new(MutationOutcome.Refused), Now));
                return true;
            case Decision.ListPodsOnNode o:
                Observe(new Observation.PodsOnNodeListed(o.Node, [.. _pods.Values.Where(pod => pod.Node == o.Node)], [.. _volumesInUse.GetValueOrDefault(o.Node, [])], Now) { Ready = _ready.GetValueOrDefault(o.Node, true), Tainted = Untainted.Contains(o.Node.Value) ? false : null });
                return true;
            default:
                Act(decision, Answers(decision));
                return true;
        }
    }

    private void Act(Decision decision, MutationOutcome answer)
    {
        _done.Add(decision);
        Observe(new Observation.MutationAnswered(decision, new(answer, answer is MutationOutcome.Accepted or MutationOutcome.DryRun ? null : $"the answer was {answer}"), Now));
        switch (decision)
        {
            case Decision.DeletePod o when answer == MutationOutcome.Accepted && o.Pod.Finalizers.IsEmpty:
                _pods.Remove(o.Pod.Uid);
                if (WatchIsPrompt)
                {
                    Observe(new Observation.Deleted<Pod>(o.Pod));
                }

                break;
            case Decision.ClearVolumesInUse o when answer == MutationOutcome.Accepted:
                _volumesInUse[o.Node.Name].ExceptWith(o.Volumes);
                break;
            case Decision.DeleteAttachment o when answer == MutationOutcome.Accepted && !AttacherLetsGo:
                Observe(new Observation.Updated<Attachment>(o.Attachment with { Deleting = true }));
                break;
            case Decision.DeleteAttachment o when answer == MutationOutcome.Accepted:
                Observe(new Observation.Deleted<Attachment>(o.Attachment));
                break;
        }
    }
}
