using System.Globalization;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>One flag: how the help shows it, and how its text changes the settings.</summary>
/// <remarks>Reading throws <see cref="FormatException"/>, whose message explains what is wrong with the text.</remarks>
internal sealed record CommandLineFlag(string Name, string Type, string Description, string Default, Func<Settings, string, Settings> Read)
{
    /// <summary>An accepted alias that the help does not show.</summary>
    public string? Alias { get; init; }

    /// <summary>Whether the policy uses it, so that a replay can try another value.</summary>
    public bool IsOfPolicy { get; init; }

    /// <summary>Whether its value may be a secret, which an error message must not repeat.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Whether the name alone means true, so that the next argument is not its value.</summary>
    public bool StandsAlone => Type.Length == 0;

    public static CommandLineFlag Text(string name, string description, string byDefault, Func<Settings, string, Settings> set) =>
        new(name, "string", description, byDefault.Length == 0 ? "" : $"\"{byDefault}\"", set);

    public static CommandLineFlag Switch(string name, string description, Func<Settings, bool, Settings> set) =>
        new(name, "", description, "", (settings, text) => set(settings, Boolean(text)));

    public static CommandLineFlag Duration(string name, string description, TimeSpan byDefault, TimeSpan atLeast, Func<Settings, TimeSpan, Settings> set, TimeSpan? atMost = null) =>
        new(name, "duration", description, Durations.ToText(byDefault), (settings, text) =>
        {
            var duration = Durations.Parse(text);
            return duration < atLeast ? throw new FormatException($"must be at least {Durations.ToText(atLeast)}")
                : duration > atMost ? throw new FormatException($"must be at most {Durations.ToText(atMost.Value)}")
                : set(settings, duration);
        });

    public static CommandLineFlag Integer(string name, string type, string description, int byDefault, int from, int to, Func<Settings, int, Settings> set) =>
        new(name, type, description, byDefault.ToString(CultureInfo.InvariantCulture), (settings, text) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to
                ? set(settings, number)
                : throw new FormatException(to == int.MaxValue ? $"must be a whole number of at least {from}" : $"must be a whole number from {from} to {to}"));

    /// <summary>The spellings of Go's <c>strconv.ParseBool</c>.</summary>
    private static bool Boolean(string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => throw new FormatException("must be true or false"),
    };
}
