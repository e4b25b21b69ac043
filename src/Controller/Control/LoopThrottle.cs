namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>How long a loop rests between two turns.</summary>
/// <remarks>
/// While a thousand volumes fall, thousands of things are told, and one look at many of them is worth as much as one at each. So a turn owes a rest of
/// four times its length, and the loop takes a fifth of a processor; but a short burst, such as the loss of a few volumes, owes nothing yet.
/// </remarks>
internal sealed class LoopThrottle
{
    /// <summary>How much rest may be owed before it is taken.</summary>
    public static readonly TimeSpan Credit = TimeSpan.FromMilliseconds(300);

    /// <summary>How long the loop rests at most between two turns: somebody may wait for its next decision.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(40);

    private TimeSpan _owed;

    /// <summary>How long to rest after a turn.</summary>
    /// <param name="rested">How long nothing was done before it, for whatever reason.</param>
    /// <param name="worked">How long it took.</param>
    public TimeSpan After(TimeSpan rested, TimeSpan worked)
    {
        _owed = (_owed > rested ? _owed - rested : TimeSpan.Zero) + (4 * worked);
        var due = _owed > Credit ? _owed - Credit : TimeSpan.Zero;
        return due < LongestRest ? due : LongestRest;
    }
}
