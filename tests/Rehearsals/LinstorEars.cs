using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>A process' two witnesses at LINSTOR: the event stream, and the sweep.</summary>
internal sealed class LinstorEars
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);

    private readonly Candidate _owner;
    private readonly Stage _stage;
    private readonly Dictionary<(string, string), TimeSpan> _lastTold = [];
    private readonly TimeSpan _slept;
    private bool _isSubscribed;
    private bool _isDeaf;
    private int _sweep;
    private int _generation;
    private TimeSpan _answeredAt;

    public LinstorEars(Candidate owner, Stage stage)
    {
        (_owner, _stage) = (owner, stage);
        _slept = TimeSpan.FromTicks(Math.Max((3 * stage.Plan.Cast.Settings.ReconcileInterval).Ticks, TimeSpan.FromSeconds(5).Ticks));
        stage.Storage.Knowledge.Changed += Hear;
        stage.Storage.LinstorRunningChanged += runs =>
        {
            if (!runs && _isSubscribed)
            {
                Reconnect();
            }
        };
        stage.Replaying += Replay;
    }

    public void Begin()
    {
        (_isSubscribed, _answeredAt) = (false, _stage.Agenda.Now);
        Subscribe();
        Sweep(FirstRetry);
    }

    public void Deafen(bool isDeaf)
    {
        _isDeaf = isDeaf;
        if (!isDeaf)
        {
            Reconnect();
        }
    }

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

            if (!_owner.ReachesLinstor || !_stage.Storage.LinstorRuns)
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
            _stage.Replay(); // to everybody, whoever has asked for it
        });
    }

    // The stream has ended: that is a reason to ask at once.
    private void Reconnect()
    {
        Subscribe();
        Sweep(FirstRetry);
    }

    private void Hear(PromotionEvent told) => Tell(told, _owner.Noise.Delay());

    // What is repeated was read a while ago, and a change may overtake it.
    private void Replay()
    {
        foreach (var definition in _stage.Storage.Definitions)
        {
            foreach (var replica in definition.Listed)
            {
                if (_stage.Storage.Knowledge.About(replica) is { } known)
                {
                    var told = new PromotionEvent(definition.Name, replica.Node.Name, known.MayPromote);
                    Tell(told, _owner.Noise.OnceIn(20) ? _owner.Noise.UpTo(TimeSpan.FromSeconds(1)) : _owner.Noise.Delay(), isOrdered: false);
                }
            }
        }
    }

    private void Tell(PromotionEvent told, TimeSpan delay, bool isOrdered = true)
    {
        if (!_isSubscribed || _isDeaf || !_owner.ReachesLinstor)
        {
            return;
        }

        var at = _stage.Agenda.Now + delay;
        if (isOrdered)
        {
            var key = (told.Resource, told.Node);
            var last = _lastTold.GetValueOrDefault(key);
            _lastTold[key] = at = at > last ? at : last;
        }

        var life = _owner.Life;
        _stage.Agenda.At(at, () => _owner.Hear(life, new Observation.PromotionChanged(new(told.Resource), new(told.Node), Words.Promotability(told.MayPromote))));
    }

    private void Sweep(TimeSpan retry)
    {
        var sweep = ++_sweep;
        if (_stage.Agenda.Now - _answeredAt > _slept)
        {
            _owner.Hear(_owner.Life, new Observation.SourceLost(Source.Linstor));
        }

        var listed = _owner.Now;
        _stage.AskLinstor(_owner, () => Words.Satellites(_stage.Storage, listed), answer =>
        {
            if (sweep != _sweep)
            {
                return;
            }

            if (answer is null)
            {
                _owner.Hear(_owner.Life, new Observation.SourceLost(Source.Linstor));
                _owner.Later(retry, () => Again(sweep, retry * 2));
                return;
            }

            _owner.Hear(_owner.Life, answer);
            foreach (var resource in InUse())
            {
                var asked = _owner.Now;
                _stage.AskLinstor(_owner, () => new Observation.ResourceReported(Words.Report(_stage.Storage, resource, asked)), report =>
                {
                    if (report is not null)
                    {
                        _owner.Hear(_owner.Life, report);
                    }
                });
            }

            _answeredAt = _stage.Agenda.Now;
            _owner.Later(_stage.Plan.Cast.Settings.ReconcileInterval, () => Again(sweep, FirstRetry));
        });
    }

    private void Again(int sweep, TimeSpan retry)
    {
        if (sweep == _sweep)
        {
            Sweep(retry < _stage.Plan.Cast.Settings.ReconcileInterval ? retry : _stage.Plan.Cast.Settings.ReconcileInterval);
        }
    }

    private IEnumerable<ResourceName> InUse() => _owner.Cluster.Attachments.All
        .Select(held => _owner.Cluster.Volumes.Find(held.Item.Volume)?.Item.Resource)
        .OfType<ResourceName>().Distinct().Order().ToList();
}
