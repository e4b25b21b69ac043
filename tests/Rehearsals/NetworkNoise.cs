namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>The accidents of transport: how long a message takes, and what happens to it on its way.</summary>
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

    /// <summary>Something between nothing and <paramref name="most"/>.</summary>
    public TimeSpan UpTo(TimeSpan most) => most * _random.NextDouble();

    /// <summary>Whether something happens that happens once in so many times.</summary>
    public bool OnceIn(int times) => _random.Next(times) == 0;
}
