using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>A process' part in the race for the Lease: the rules are the core's, the requests are late.</summary>
internal sealed class Contender(Candidate owner, Stage stage, bool isContested)
{
    public const string Name = "piraeus-ha-controller";

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RenewDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private LeaseRace _race = new(owner.Name, RenewDeadline);
    private Lease? _seen;

    public bool Covers(TimeSpan request) => !isContested || _race.Holds(owner.Now + request);

    public void Begin()
    {
        (_race, _seen) = (new($"{owner.Name}-{owner.Life}", RenewDeadline), null);
        if (isContested)
        {
            Move();
        }
    }

    public void End() => _race = _race.Released();

    public void Release()
    {
        if (isContested && _race.Holds(owner.Now) && _seen is not null && owner.ReachesApi)
        {
            End();
            stage.Store.Update(_seen with { Holder = "", DurationSeconds = 1 });
        }
    }

    private void Move()
    {
        owner.Later(RetryPeriod * (_race.Holds(owner.Now) ? 1 : 1 + owner.Noise.UpTo(TimeSpan.FromSeconds(0.2)).TotalSeconds), Move);
        if (_race.Next(owner.Now) is LeaseMove.Renew or LeaseMove.Take && _seen is not null)
        {
            Write();
        }
        else
        {
            Look(thenTake: true);
        }
    }

    private void Look(bool thenTake) => Ask(() => stage.Store.Find<Lease>(Cast.Space, Name), found =>
    {
        _seen = found;
        var held = _race.Holds(owner.Now);
        _race = _race.Looked(found is null ? null : Record(found), owner.Now);
        Tell(held);
        if (thenTake && _race.Next(owner.Now) == LeaseMove.Take)
        {
            Write();
        }
    });

    private void Write()
    {
        var (sent, seen) = (owner.Now, _seen);
        var mine = (seen ?? new Lease(new Metadata(Cast.Space, Name))) with
        {
            Holder = _race.Me,
            DurationSeconds = (int)Duration.TotalSeconds,
            Renewed = stage.Kubernetes.Clock + owner.WallClockIsOffBy,
        };
        Ask(() => Stored(seen, mine), stored =>
        {
            if (stored is null)
            {
                Look(thenTake: false);
                return;
            }

            var held = _race.Holds(owner.Now);
            _seen = stored;
            _race = _race.Wrote(Record(stored), sent);
            Tell(held);
        });
    }

    /// <summary>The Lease as it was written; null if somebody else was faster.</summary>
    private Lease? Stored(Lease? seen, Lease mine) =>
        (seen is null ? stage.Store.Create(mine) : stage.Store.Update(mine)) == WriteResult.Done ? stage.Store.Find<Lease>(Cast.Space, Name) : null;

    /// <summary>A request and its answer; nothing if it took too long.</summary>
    private void Ask<T>(Func<T> question, Action<T> answered)
    {
        var (life, sent) = (owner.Life, stage.Agenda.Now);
        stage.Agenda.After(owner.Noise.Delay(), () =>
        {
            if (!owner.ReachesApi)
            {
                return;
            }

            var answer = question();
            if (!owner.HearsAnswers)
            {
                return;
            }

            var back = owner.Noise.Delay();
            if (stage.Agenda.Now + back - sent < Deadline && life == owner.Life)
            {
                owner.Later(back, () => answered(answer));
            }
        });
    }

    private void Tell(bool held)
    {
        if (held != _race.Holds(owner.Now))
        {
            stage.Tell(owner.Name, $"{(held ? "no longer leads" : "leads")}");
            owner.Post(new Observation.Woken(), TimeSpan.Zero);
        }
    }

    private static LeaseRecord Record(Lease lease) => new(lease.Holder, $"{lease.Metadata.Version}", TimeSpan.FromSeconds(lease.DurationSeconds ?? 15));
}
