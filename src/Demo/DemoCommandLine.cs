using System.CommandLine;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Demo;

/// <summary>The demo's command line: flags with one dash or two, as for the controller. If a flag is repeated, the last one counts.</summary>
internal static class DemoCommandLine
{
    public const string Name = "piraeus-ha-demo";

    private const int BadUsage = 2;

    private static readonly Option<bool> Help = new("--help", "-help", "-h");
    private static readonly Option<bool> Version = new("--version", "-version");
    private static readonly Option<bool> NoBrowser = new("--no-browser", "-no-browser");
    private static readonly Option<string[]> Port = Text("port");
    private static readonly Option<string[]> Grace = Text("grace-period");
    private static readonly Option<string[]> Scenario = Text("scenario");
    private static readonly Option<string[]> Controller = Text("controller");
    private static readonly Command Root = new(Name) { Help, Version, NoBrowser, Port, Grace, Scenario, Controller };

    private static string HelpText => $"""
        Shows {ProgramVersion.Name} at work in a simulated cluster, on a page on which you can break things.

        Usage:
          {Name} [flags]

        Flags:
          --controller string       the controller's program (default: the one beside this program)
          --grace-period duration   the controllers' grace period, from 1s to 10m (default 5s)
          --help                    this text
          --no-browser              do not open the page
          --port int                the page's port (default: any that is free)
          --scenario string         play a scenario in the terminal, and end: {string.Join(", ", Scenarios.Names)}
          --version                 the version
        """;

    /// <summary>Reads the command line.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <returns>The options; or, if there is nothing to run, a text and the exit code: 0 for help and version, 2 for a one-line error.</returns>
    public static (DemoOptions? Options, string? Text, int ExitCode) Parse(IReadOnlyList<string> arguments)
    {
        // A value that begins with @ is a value, not the name of a file with more arguments.
        var parsed = Root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        return parsed switch
        {
            _ when parsed.GetValue(Help) => (null, HelpText, 0),
            _ when parsed.GetValue(Version) => (null, $"{Name} {ProgramVersion.Version}", 0),
            { UnmatchedTokens: [var token, ..] } => Refuse(token.StartsWith('-') ? $"unknown flag: {token.Split('=')[0]}" : $"unexpected argument: {token}"),
            { Errors: [var error, ..] } => Refuse(error.Message.ReplaceLineEndings(" ")),
            _ => Read(parsed),
        };
    }

    private static (DemoOptions?, string?, int) Read(ParseResult parsed)
    {
        var options = new DemoOptions { OpensBrowser = !parsed.GetValue(NoBrowser) };
        foreach (var (option, read) in (ReadOnlySpan<(Option<string[]>, Func<DemoOptions, string, DemoOptions>)>)[
            (Port, DemoOptions.WithPort), (Grace, DemoOptions.WithGrace), (Scenario, DemoOptions.WithScenario), (Controller, DemoOptions.WithController)])
        {
            foreach (var text in parsed.GetValue(option) ?? [])
            {
                try
                {
                    options = read(options, text);
                }
                catch (FormatException problem)
                {
                    return Refuse($"invalid value \"{text}\" for {option.Name}: {problem.Message}");
                }
            }
        }

        return (options, null, 0);
    }

    private static (DemoOptions?, string?, int) Refuse(string complaint) => (null, $"{Name}: {complaint}", BadUsage);

    private static Option<string[]> Text(string name) => new($"--{name}", $"-{name}") { Arity = ArgumentArity.OneOrMore };
}
