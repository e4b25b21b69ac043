namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>How long a loop pauses between two turns.</summary>
/// <remarks>
/// When a thousand volumes are lost, there are thousands of observations, and one evaluation after many of them is worth as much as one after each. So a turn owes a pause of nineteen times
/// its length, but at most 100 ms, which limits the loop to a twentieth of a processor while turns take up to 5 ms: the control plane needs the rest, for the pods that it starts. A short burst, such as the loss of some volumes, owes nothing yet.
/// </remarks>
internal sealed class LoopThrottle
{
    /// <summary>How much pause may be owed before it is taken.</summary>
    public static readonly TimeSpan Credit = TimeSpan.FromMilliseconds(950);

    /// <summary>The longest pause between two turns, because a failover may wait for the next decision.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan MostOwed = Credit + LongestRest;

    /// <summary>How much longer than a turn the pause is that it owes.</summary>
    private const int Share = 19;

    private TimeSpan _owed;

    /// <summary>How long to pause after a turn.</summary>
    /// <param name="rested">How long the loop was idle before the turn, for whatever reason.</param>
    /// <param name="worked">How long the turn took.</param>
    public TimeSpan After(TimeSpan rested, TimeSpan worked)
    {
        _owed = (_owed > rested ? _owed - rested : TimeSpan.Zero) + (Share * worked);
        _owed = _owed < MostOwed ? _owed : MostOwed; // what long turns owe is forgiven, or the next small burst would pay for it
        return _owed > Credit ? _owed - Credit : TimeSpan.Zero;
    }
}
