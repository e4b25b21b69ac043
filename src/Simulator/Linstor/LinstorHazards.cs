using System.Collections.Concurrent;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>Switches for a LINSTOR server's worst behaviour. They may be changed at any time, from any thread.</summary>
public sealed class LinstorHazards
{
    private readonly ConcurrentDictionary<(string Resource, string Node), bool> _skewed = new();
    private Action<StorageWorld>? _duringNextReplay;

    /// <summary>An event stream's status line and headers are not sent before its first event. On by default, as in a real LINSTOR.</summary>
    public bool HoldsBackResponseHead { get; set; } = true;

    /// <summary><c>/v1/view/resources</c> queries satellites before it answers, so it hangs and fails with them. On by default, as in a real LINSTOR.</summary>
    public bool ViewAsksSatellites { get; set; } = true;

    /// <summary>Events no longer reach subscribers while their connections stay open, as on a half-open connection.</summary>
    public bool StreamsAreDeaf { get; set; }

    /// <summary>Answers are <c>200 OK</c> with a body that is not JSON, and the data of events is not JSON either.</summary>
    public bool Garbage { get; set; }

    /// <summary>The delay of every answer except an event stream's.</summary>
    public TimeSpan AnswerDelay { get; set; }

    /// <summary>Subscribing ends with an <c>error</c> event.</summary>
    public bool FailsRegistration { get; set; }

    /// <summary>Runs after the next replay was collected and before it is sent, so that the replay is stale.</summary>
    public void DuringNextReplay(Action<StorageWorld> what) => _duringNextReplay = what;

    /// <summary>The next read of a replica finds it between two messages of its satellite: both in use and promotable.</summary>
    public void SkewNextRead(string resource, string node) => _skewed[(resource, node)] = true;

    internal Action<StorageWorld>? TakeDuringReplay() => Interlocked.Exchange(ref _duringNextReplay, null);

    internal bool TakeSkew(DrbdReplica replica) => _skewed.TryRemove((replica.Definition.Name, replica.Node.Name), out _);
}
