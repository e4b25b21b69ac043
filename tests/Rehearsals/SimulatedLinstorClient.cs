using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>A process's two sources at LINSTOR: the event stream, and the resync, whose schedule is the core's.</summary>
internal sealed class SimulatedLinstorClient
{
    /// <summary>How long a resync round waits for its answers.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly SimulatedController _owner;
    private readonly SimulatedCluster _cluster;
    private readonly Dictionary<(string, string), TimeSpan> _lastTold = [];
    private ResyncSchedule _schedule;
    private bool _isSubscribed;
    private bool _isDeaf;
    private bool _isReading;
    private int _round;
    private int _generation;

    public SimulatedLinstorClient(SimulatedController owner, SimulatedCluster cluster)
    {
        (_owner, _cluster) = (owner, cluster);
        _schedule = new(cluster.Plan.Setup.Settings.ReconcileInterval, owner.Now);
        cluster.Storage.Knowledge.Changed += Receive;
        cluster.Storage.LinstorRunningChanged += runs =>
        {
            if (!runs && _isSubscribed)
            {
                Reconnect();
            }
        };
        cluster.Replaying += Replay;
    }

    public void Begin()
    {
        (_isSubscribed, _isReading, _schedule) = (false, false, new(_cluster.Plan.Setup.Settings.ReconcileInterval, _owner.Now));
        Subscribe();
        PlanRound();
    }

    public bool HearsEvents => !_isDeaf;

    public void SuppressEvents(bool isDeaf)
    {
        _isDeaf = isDeaf;
        if (!isDeaf)
        {
            Reconnect();
        }
    }

    /// <summary>Reconnects, because another LINSTOR answers from now on.</summary>
    public void Turn() => Reconnect();

    public void Subscribe()
    {
        var generation = ++_generation;
        _isSubscribed = false;
        _owner.Later(_owner.Noise.Delay(), () =>
        {
            if (generation != _generation)
            {
                return;
            }

            if (!_owner.ReachesLinstor || !_cluster.Storage.LinstorRuns)
            {
                _owner.Later(TimeSpan.FromSeconds(1), () =>
                {
                    if (generation == _generation)
                    {
                        Subscribe();
                    }
                });
                return;
            }

            _isSubscribed = true;
            _cluster.Replay(); // to every subscriber, whichever process has subscribed
        });
    }

    private void Receive(PromotionEvent promotion)
    {
        if (!_owner.SeesNoSatellite)
        {
            Deliver(promotion, _owner.Noise.Delay());
        }
    }

    // Repeated values were read a while ago, and a change may overtake them.
    private void Replay()
    {
        foreach (var definition in _cluster.Storage.Definitions)
        {
            foreach (var replica in definition.Listed)
            {
                if (_cluster.Storage.Knowledge.About(replica) is { } known)
                {
                    var promotion = new PromotionEvent(definition.Name, replica.Node.Name, _owner.SeesNoSatellite ? null : known.MayPromote);
                    Deliver(promotion, _owner.Noise.OnceIn(20) ? _owner.Noise.UpTo(TimeSpan.FromSeconds(1)) : _owner.Noise.Delay(), isOrdered: false);
                }
            }
        }
    }

    private void Deliver(PromotionEvent promotion, TimeSpan delay, bool isOrdered = true)
    {
        if (!_isSubscribed || _isDeaf || !_owner.ReachesLinstor)
        {
            return;
        }

        var at = _cluster.EventQueue.Now + delay;
        if (isOrdered)
        {
            var key = (promotion.Resource, promotion.Node);
            var last = _lastTold.GetValueOrDefault(key);
            _lastTold[key] = at = at > last ? at : last;
        }

        var life = _owner.Life;
        _cluster.EventQueue.At(at, () =>
        {
            if (_isSubscribed && !_isDeaf)
            {
                _schedule.StreamSpoke();
            }

            _owner.Observe(life, new Observation.PromotionChanged(new(promotion.Resource), new(promotion.Node), CoreMapping.Promotability(promotion.MayPromote)));
        });
    }

    // When the stream has ended, query at once.
    private void Reconnect()
    {
        Subscribe();
        _schedule.Nudge(_owner.Now);
        PlanRound();
    }

    private void PlanRound()
    {
        if (_isReading)
        {
            return; // the next round is planned when this one ends
        }

        var (round, rest) = (++_round, _schedule.NextRoundAt - _owner.Now);
        _owner.Later(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, () =>
        {
            if (round == _round)
            {
                BeginRound();
            }
        });
    }

    private void BeginRound()
    {
        _isReading = true;
        if (_schedule.BeginRound(_owner.Now))
        {
            _owner.Observe(_owner.Life, new Observation.SourceLost(Source.Linstor));
        }

        var listed = _owner.Now;
        _cluster.QueryLinstor(_owner, null, 1, () => CoreMapping.Satellites(_cluster.Storage, listed, _owner.SeesNoSatellite), satellites =>
        {
            if (satellites is null)
            {
                _schedule.SatellitesFailed(_owner.Now);
                _owner.Observe(_owner.Life, new Observation.SourceLost(Source.Linstor) { IsStreamIntact = _schedule.IsStreamIntact });
                EndRound();
                return;
            }

            _owner.Observe(_owner.Life, satellites);
            _schedule.SatellitesRead(_owner.Now);
            Query(_schedule.NextSlice(_owner.Cluster, _owner.Now));
        });
    }

    // A round waits for its answers only for a limited time; later answers arrive during the next round.
    private void Query(IReadOnlyList<ResourceName> slice)
    {
        var (round, left) = (_round, slice.Count);
        if (left == 0)
        {
            EndRound();
            return;
        }

        _owner.Later(LongestWait, End);
        foreach (var resource in slice)
        {
            var asked = _owner.Now;
            _cluster.QueryLinstor(_owner, resource, 2, () => _cluster.ReportTo(_owner, resource, asked), report =>
            {
                if (report is null)
                {
                    _schedule.Failed(resource, _owner.Now, isNetwork: true);
                    PlanRound();
                }
                else
                {
                    _schedule.Answered(resource);
                    _owner.Observe(_owner.Life, report);
                }

                if (--left == 0)
                {
                    End();
                }
            });
        }

        void End()
        {
            if (_isReading && round == _round)
            {
                EndRound();
            }
        }
    }

    private void EndRound()
    {
        _isReading = false;
        PlanRound();
    }
}
