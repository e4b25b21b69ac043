using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>A process's part in the leader election: the core decides, and requests are delayed.</summary>
internal sealed class SimulatedElection(SimulatedController owner, SimulatedCluster cluster, bool isContested)
{
    public const string Name = "piraeus-ha-controller";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private LeaderElection _election = new(owner.Name, owner.Now);
    private Action? _stopped;
    private long _alarm;
    private bool _led;

    public bool Covers(TimeSpan request) => !isContested || _election.Holds(owner.Now + request);

    public void Begin()
    {
        (_election, _stopped, _led) = (new($"{owner.Name}-{owner.Life}", owner.Now), null, false);
        Go();
    }

    /// <summary>Releases the Lease, if the process holds it.</summary>
    /// <param name="stopped">Called when that is done, or cannot be done.</param>
    public void Stop(Action stopped)
    {
        (_election, _stopped) = (_election.Stop(owner.Now), stopped);
        Go();
    }

    public void Synced(ImmutableHashSet<Source> sources)
    {
        var before = _election;
        _election = before.Synced(sources, owner.Now);
        if (!ReferenceEquals(before, _election))
        {
            Go();
        }
    }

    private void Go()
    {
        if (!isContested)
        {
            _stopped?.Invoke();
            return;
        }

        (_election, var request) = _election.Begin(owner.Now, cluster.Kubernetes.Clock + owner.WallClockIsOffBy);
        LogLeadership();
        if (request is not null)
        {
            Send(request);
        }
        else if (_stopped is not null)
        {
            _stopped();
        }
        else if (_election.WakeAt > owner.Now) // else an answer is pending
        {
            var alarm = ++_alarm;
            owner.Later(_election.WakeAt - owner.Now, () =>
            {
                if (alarm == _alarm)
                {
                    Go();
                }
            });
        }
    }

    /// <summary>Sends a request and delivers one answer; a failure if it takes too long.</summary>
    private void Send(LeaseRequest request)
    {
        var isAnswered = false;
        owner.Later(Deadline, () => Answer(new(LeaseOutcome.Failed)));
        cluster.EventQueue.After(owner.Noise.Delay(), () =>
        {
            if (owner.ReachesApi)
            {
                var answer = CarryOut(request);
                if (owner.ReceivesAnswers)
                {
                    owner.Later(owner.Noise.Delay(), () => Answer(answer));
                }
            }
        });

        void Answer(LeaseAnswer answer)
        {
            if (!isAnswered)
            {
                isAnswered = true;
                _election = _election.Answered(request, answer, owner.Now, owner.Noise.UpTo(TimeSpan.FromSeconds(1)).TotalSeconds);
                Go();
            }
        }
    }

    private LeaseAnswer CarryOut(LeaseRequest request)
    {
        var found = cluster.Store.Find<Lease>(ScenarioSetup.Space, Name);
        if (request.Record is not { } record)
        {
            return Done(found);
        }

        if (request.Version is null ? found is not null : $"{found?.Metadata.Version}" != request.Version)
        {
            return new(found is null ? LeaseOutcome.NotFound : LeaseOutcome.Conflict);
        }

        var written = (found ?? new Lease(new Metadata(ScenarioSetup.Space, Name))) with
        {
            Holder = record.Holder,
            DurationSeconds = record.DurationSeconds,
            Acquired = record.AcquireTime,
            Renewed = record.RenewTime,
            Transitions = record.Transitions,
        };
        _ = found is null ? cluster.Store.Create(written) : cluster.Store.Update(written);
        return Done(cluster.Store.Find<Lease>(ScenarioSetup.Space, Name));
    }

    private static LeaseAnswer Done(Lease? lease) => lease is null
        ? new(LeaseOutcome.Done)
        : new(LeaseOutcome.Done, new(lease.Holder, lease.DurationSeconds, lease.Acquired, lease.Renewed, lease.Transitions), $"{lease.Metadata.Version}");

    private void LogLeadership()
    {
        var leads = _election.Holds(owner.Now);
        if (leads != _led)
        {
            _led = leads;
            cluster.Log(owner.Name, $"{(leads ? "leads" : "no longer leads")}{(_election.Lost.CannotDecide(owner.Now) ? ", and cannot decide" : "")}");
            owner.Post(new Observation.Tick(), TimeSpan.Zero);
        }
    }
}
