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

    public void Freeze() => (IsFrozen, _frozenAt) = (true, Now);

    public void Thaw()
    {
        IsFrozen = false;
        if (Observation.SourceLost.AfterPause(_frozenAt, Now) is { } lost)
        {
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
        LinstorReturnedAt = begin ? LinstorReturnedAt : _cluster.EventQueue.Now;
        _linstor.Turn();
    }

    public void LoseLinstor() => (_losesLinstor, _lostLinstorAt) = (true, _cluster.EventQueue.Now);

    public void LoseLinstorForGood() => _isBlind = true;

    public void RegainLinstor()
    {
        _losesLinstor = false;
        LinstorAway = _cluster.EventQueue.Now - _lostLinstorAt is var away && away > LinstorAway ? away : LinstorAway;
        LinstorReturnedAt = _cluster.EventQueue.Now;
        _linstor.Subscribe();
    }

    public void SuppressEvents(bool isDeaf) => _linstor.SuppressEvents(isDeaf);
}
