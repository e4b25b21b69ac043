using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>Rewrites flags as Go's packages accept them into the one spelling <c>--name=value</c>.</summary>
internal static class GoFlagSyntax
{
    private static readonly Dictionary<string, CommandLineFlag> Known = CommandLineFlags.All
        .SelectMany(flag => new[] { flag.Name, flag.Alias }.OfType<string>().Select(name => (name, flag)))
        .ToDictionary(pair => pair.name, pair => pair.flag);

    public static IEnumerable<string> Rewrite(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            var (name, value) = Split(arguments[i]);
            if (!Known.TryGetValue(name, out var flag))
            {
                yield return arguments[i];
                continue;
            }

            // The argument after a flag that needs a value is the value, even if it looks like a flag.
            value ??= flag.StandsAlone ? "true"
                : ++i < arguments.Count ? arguments[i]
                : throw new SettingsException($"flag needs a value: --{name}");
            if (value.Length > 0)
            {
                yield return $"--{name}={value}";
            }
            else
            {
                // System.CommandLine recognizes an empty value only as a separate argument.
                yield return $"--{name}";
                yield return "";
            }
        }
    }

    /// <summary>The name after one dash or two, and the value after the first equals sign; the name is empty if there is no flag.</summary>
    private static (string Name, string? Value) Split(string argument)
    {
        var flag = argument switch
        {
            ['-', '-', .. var text] => text,
            ['-', .. var text] => text,
            _ => "",
        };
        var parts = flag.Split('=', 2);
        return (parts[0], parts.ElementAtOrDefault(1));
    }
}
