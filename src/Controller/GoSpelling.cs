namespace Piraeus.HighAvailability.Controller;

/// <summary>Rewrites flags as Go's packages accept them into the one spelling <c>--name=value</c>.</summary>
internal static class GoSpelling
{
    private static readonly Dictionary<string, Flag> Known = Flags.All
        .SelectMany(flag => new[] { flag.Name, flag.Alias }.OfType<string>().Select(name => (name, flag)))
        .ToDictionary(pair => pair.name, pair => pair.flag);

    public static IEnumerable<string> Rewrite(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            var name = NameIn(argument);
            if (!Known.TryGetValue(name, out var flag))
            {
                yield return Known.ContainsKey(name.Split('=')[0]) ? $"--{name}" : argument;
            }
            else if (flag.StandsAlone)
            {
                yield return $"--{name}=true";
            }
            else if (i + 1 < arguments.Count)
            {
                // Whatever follows is the value, even if it looks like a flag.
                yield return $"--{name}={arguments[++i]}";
            }
            else
            {
                throw new SettingsException($"flag needs a value: --{name}");
            }
        }
    }

    /// <summary>What follows one dash or two; empty where the argument is no flag.</summary>
    private static string NameIn(string argument) => argument switch
    {
        ['-', '-', .. var name] => name,
        ['-', .. var name] => name,
        _ => "",
    };
}
