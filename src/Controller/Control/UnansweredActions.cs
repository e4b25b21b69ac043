using System.Collections.Concurrent;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>The actions that the server did not answer in time when they were last sent.</summary>
internal sealed class UnansweredActions(MonotonicClock clock)
{
    /// <summary>A failing action is sent again long before this. An older one was abandoned, and is forgotten.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<DecisionKey, Instant> _at = [];

    public bool Contains(Decision action) => !_at.IsEmpty && _at.ContainsKey(action.Key);

    /// <summary>Takes note of the outcome of an action.</summary>
    public void Note(Decision action, MutationOutcome answer)
    {
        var key = action.Key;
        if (answer == MutationOutcome.NotSent)
        {
            return; // the server was not asked
        }

        if (answer != MutationOutcome.TimedOut)
        {
            _at.TryRemove(key, out _);
            return;
        }

        var now = clock.Now;
        _at[key] = now;
        foreach (var (other, at) in _at)
        {
            if (now - at > Remembered)
            {
                _at.TryRemove(other, out _);
            }
        }
    }
}
