namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Random network effects: delays, and losses on the way.</summary>
internal sealed class NetworkNoise(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Most messages take milliseconds; some take seconds.</summary>
    public TimeSpan Delay() => TimeSpan.FromSeconds(_random.Next(100) switch
    {
        < 90 => 0.001 + (_random.NextDouble() * 0.04),
        < 98 => _random.NextDouble() * 0.5,
        _ => _random.NextDouble() * 3,
    });

    /// <summary>A random time between zero and <paramref name="most"/>.</summary>
    public TimeSpan UpTo(TimeSpan most) => most * _random.NextDouble();

    /// <summary>True with a probability of one in the given number.</summary>
    public bool OnceIn(int times) => _random.Next(times) == 0;
}
