using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Rehearsals;

/// <content>The faults of a process and of its connections.</content>
internal sealed partial class SimulatedController
{
    /// <summary>Kills the process at once; requests that it has sent remain under way.</summary>
    public void Kill()
    {
        Life++;
        IsAlive = false;
    }

    /// <summary>Stops the process gracefully: it begins nothing more, waits for requests under way, and releases its Lease.</summary>
    public void Stop()
    {
        _isStopping = true;
        Later(_actuator.QuietIn, () => _election.Stop(Kill));
    }

    public void Freeze() => (IsFrozen, _frozenAt) = (true, IsFrozen ? _frozenAt : Now); // two faults may overlap

    /// <summary>Freezes the process for a while at its next question for the pods of a node, which is one of those that confirm a loss, or at its next deletion of a pod. The node's network is back meanwhile.</summary>
    /// <param name="kind">At which of the two.</param>
    /// <param name="lasts">For how long.</param>
    public void FreezeAt(FaultKind kind, TimeSpan lasts) => _freezesAt = (kind, lasts);

    /// <summary>Ends what <see cref="FreezeAt"/> has begun.</summary>
    public void FreezeNoMore()
    {
        _freezesAt = null;
        Thaw();
    }

    private void FreezeIfDue(Decision decision)
    {
        if (_freezesAt is not { } due || (due.Kind, decision) is not ((FaultKind.FrozenAfterAsking, Decision.ListPodsOnNode) or (FaultKind.FrozenBeforeActing, Decision.DeletePod)))
        {
            return;
        }

        _freezesAt = null;
        var (life, node) = (Life, decision is Decision.DeletePod o ? o.Pod.Node!.Value : ((Decision.ListPodsOnNode)decision).Node);
        if (decision is Decision.DeletePod)
        {
            Freeze(); // before it is sent
        }
        else
        {
            _cluster.EventQueue.After(TimeSpan.FromMilliseconds(0.5), Freeze); // when everything was asked
        }

        _cluster.EventQueue.After(TimeSpan.FromMilliseconds(300), () => _cluster.Kubernetes.Rejoin(node.Value));
        _cluster.EventQueue.After(due.Lasts, () =>
        {
            if (life == Life)
            {
                Thaw();
            }
        });
    }

    public void Thaw()
    {
        if (!IsFrozen)
        {
            return; // it was replaced meanwhile
        }

        IsFrozen = false;
        if (Observation.SourceLost.AfterPause(_frozenAt, Now) is { } lost)
        {
            (LinstorLostAt, LinstorReturnedAt) = (_cluster.EventQueue.Now - (Now - _frozenAt), _cluster.EventQueue.Now); // for the process, it is as if LINSTOR had been silent
            Observe(Life, lost, _frozenAt);
        }

        foreach (var (life, seen) in _unheard)
        {
            Observe(life, seen);
        }

        _unheard.Clear();
        ScheduleEvaluation();
    }

    public void LoseApi()
    {
        ReachesApi = false;
        _kubernetes.Lose();
    }

    public void RegainApi()
    {
        ReachesApi = true;
        _kubernetes.Regain();
    }

    public void BreakWatches() => _kubernetes.Break();

    /// <summary>Connects the process to a second LINSTOR, which knows nothing, or to the right one again.</summary>
    public void Mislead(bool begin)
    {
        SeesNoSatellite = begin;
        LinstorLostAt = begin ? _cluster.EventQueue.Now : LinstorLostAt;
        LinstorReturnedAt = begin ? LinstorReturnedAt : _cluster.EventQueue.Now;
        _linstor.Turn();
    }

    public void LoseLinstor() => (_losesLinstor, LinstorLostAt) = (true, _cluster.EventQueue.Now);

    public void LoseLinstorForGood() => _isBlind = true;

    public void RegainLinstor()
    {
        _losesLinstor = false;
        LinstorReturnedAt = _cluster.EventQueue.Now;
        _linstor.Subscribe();
    }

    public void SuppressEvents(bool isDeaf) => _linstor.SuppressEvents(isDeaf);
}
