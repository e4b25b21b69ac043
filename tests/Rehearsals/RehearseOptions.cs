using System.Globalization;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>The command-line options.</summary>
/// <param name="Failures">The run stops after this many broken scenarios.</param>
internal sealed record RehearseOptions(int First, int Last, bool IsSingle = false, bool IsQuiet = false, int Failures = 5, string? Complaint = null)
{
    /// <summary>From this many scenarios on, every possible outcome must be reached.</summary>
    public const int EnoughForCoverage = 20000;

    private const string Usage = "usage: rehearse.sh [--seeds FIRST..LAST] [--seed N] [--quiet]";

    public static RehearseOptions Parse(string[] args)
    {
        var asked = new RehearseOptions(1, 20000);
        for (var i = 0; i < args.Length; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var before, var after] ? (before, after) : (args[i], args[i] is "--seed" or "--seeds" && i + 1 < args.Length ? args[++i] : "");
            switch (name)
            {
                case "--quiet":
                    asked = asked with { IsQuiet = true };
                    break;
                case "--seed" when Number(value) is { } seed:
                    asked = asked with { First = seed, Last = seed, IsSingle = true };
                    break;
                case "--seeds" when value.Split("..") is [var from, var to] && Number(from) is { } first && Number(to) is { } last && first <= last:
                    asked = asked with { First = first, Last = last };
                    break;
                case "--seed" or "--seeds":
                    return asked with { Complaint = $"{name} {value} is not {(name == "--seed" ? "a number" : "a range such as 1..1000")}; {Usage}" };
                default:
                    return asked with { Complaint = $"there is no option {args[i]}; {Usage}" };
            }
        }

        return asked;
    }

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
