using System.CommandLine;
using System.Globalization;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;
using Syntax = System.CommandLine.Command;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>The command line, in the spelling of Go's flags: <c>--v=4</c>, <c>--v 4</c>, <c>-v=4</c>; of a repeated flag the last counts.</summary>
internal static class CommandLineParser
{
    private const int BadUsage = 2;

    private static readonly Option<bool> Help = new("--help", "-help", "-h") { Recursive = true };
    private static readonly Option<bool> Version = new("--version", "-version");
    private static readonly Syntax ApiOnline = new("api-online");
    private static readonly Syntax WaitUntil = new("wait-until") { ApiOnline };
    private static readonly IReadOnlyList<(CommandLineFlag Flag, Option<string[]> Option)> Options = [.. CommandLineFlags.All.Select(flag => (flag, OptionFor(flag)))];
    private static readonly Argument<string> RecordingToReplay = new("FILE") { Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string> ResourceToTell = new("--resource", "-resource");
    private static readonly Option<string> PodToTell = new("--pod", "-pod");
    private static readonly Syntax Replay = CreateCommand("replay", flag => flag.IsOfPolicy, RecordingToReplay, ResourceToTell, PodToTell);
    private static readonly Argument<string[]> ToExplain = new("OBJECT") { Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string> Namespace = new("--namespace", "-namespace", "-n");
    private static readonly Option<string> LeaseToRead = new("--lease", "-lease");
    private static readonly Option<string> PortToAsk = new("--port", "-port");
    private static readonly Option<string> Replica = new("--url", "-url");
    private static readonly Option<string> Output = new("--output", "-output", "-o");
    private static readonly Option<bool> Standalone = new("--standalone", "-standalone");
    private static readonly Syntax Explain = CreateCommand("explain", IsOfJudgement, ToExplain, Namespace, LeaseToRead, PortToAsk, Replica, Standalone, Output);
    private static readonly Option<string> NodeToLose = new("--node", "-node");
    private static readonly Syntax Doctor = CreateCommand("doctor", IsOfJudgement, Namespace, LeaseToRead, Output, NodeToLose);
    private static readonly Argument<string> NodeToRehearse = new("NODE") { Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string> PodToMove = new("--move", "-move");
    private static readonly Option<bool> Yes = new("--yes", "-yes", "-y");
    private static readonly Option<string> Patience = new("--timeout", "-timeout");
    private static readonly Syntax RehearseNode = CreateCommand("rehearse-node", IsOfJudgement, NodeToRehearse, PodToMove, Yes, Patience);
    private static readonly Syntax Root = CreateRoot();

    public static Command Parse(IReadOnlyList<string> arguments)
    {
        try
        {
            // A value that begins with @ is a value, not the name of a file with more arguments.
            return Interpret(Root.Parse([.. GoFlagSyntax.Rewrite(arguments)], new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false }));
        }
        catch (SettingsException problem)
        {
            return Refuse(problem.Message);
        }
    }

    private static Command Interpret(ParseResult parsed) => parsed switch
    {
        _ when parsed.GetValue(Help) => new Command.ShowText(HelpOf(parsed.CommandResult.Command), 0),
        _ when parsed.GetValue(Version) => new Command.ShowText($"{ProgramVersion.Name} {ProgramVersion.Version}", 0),
        _ when Complaint(parsed) is { } complaint => Refuse(complaint),
        { CommandResult.Command: var command } when command == ApiOnline => new Command.WaitUntilApiOnline(),
        { CommandResult.Command: var command } when command == Replay => ReadReplay(parsed),
        { CommandResult.Command: var command } when command == Explain => new Command.Explain(ReadExplain(parsed)),
        { CommandResult.Command: var command } when command == Doctor => new Command.Doctor(ReadDoctor(parsed)),
        { CommandResult.Command: var command } when command == RehearseNode => new Command.RehearseNode(ReadRehearseNode(parsed)),
        _ => new Command.Run(Read(parsed, new())),
    };

    private static string HelpOf(Syntax command) =>
        command == Replay ? HelpText.OfReplay() : command == Explain ? HelpText.OfExplain() : command == Doctor ? HelpText.OfDoctor() : command == RehearseNode ? HelpText.OfRehearseNode() : command == WaitUntil || command == ApiOnline ? HelpText.OfWaitUntil() : HelpText.OfProgram();

    private static Command.ShowText Refuse(string complaint) => new($"{ProgramVersion.Name}: {complaint}", BadUsage);

    private static string? Complaint(ParseResult parsed) => parsed switch
    {
        { UnmatchedTokens: ["demo", ..] } => "the demo is a program of its own: piraeus-ha-demo",
        { UnmatchedTokens: [var token, ..] } => token.StartsWith('-') ? $"unknown flag: {token.Split('=')[0]}" : $"unexpected argument: {token}",
        { CommandResult.Command: var command } when command == WaitUntil => "wait-until must be told what to wait for: api-online",
        { CommandResult.Command: var command } when command == Replay && parsed.GetValue(RecordingToReplay) is null => "replay must be told what to replay: a file that --record has written",
        { CommandResult.Command: var command } when command == RehearseNode && parsed.GetValue(NodeToRehearse) is not { Length: > 0 } => "rehearse-node must be told which node: rehearse-node NODE",
        { Errors: [var error, ..] } => error.Message.ReplaceLineEndings(" "),
        _ => null,
    };

    private static Command.Replay ReadReplay(ParseResult parsed)
    {
        Read(parsed, new()); // an invalid value is reported before anything else
        return new(
            parsed.GetValue(RecordingToReplay)!,
            recorded => Read(parsed, recorded),
            parsed.GetValue(ResourceToTell) is { } resource ? new ResourceName(resource) : null,
            parsed.GetValue(PodToTell) is { } pod ? KeyOf(pod, "--pod") : null);
    }

    private static ExplainRequest ReadExplain(ParseResult parsed) => new(
        PathOf(parsed.GetValue(ToExplain) ?? []),
        Read(parsed, new()),
        LeaseOf(parsed),
        parsed.GetValue(PortToAsk) is not { } port ? new Settings().HealthPort
            : int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535 ? number
            : throw new SettingsException($"invalid value \"{port}\" for --port: must be a whole number from 1 to 65535"),
        parsed.GetValue(Replica) is not { } url ? null
            : Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address
            : throw new SettingsException($"invalid value \"{url}\" for --url: must be an address such as http://localhost:8080"),
        parsed.GetValue(Standalone),
        IsJson(parsed));

    private static DoctorRequest ReadDoctor(ParseResult parsed) => new(
        Read(parsed, new()),
        LeaseOf(parsed),
        parsed.GetValue(NodeToLose) is not { } node ? null : node.Length > 0 ? new NodeName(node) : throw new SettingsException("invalid value \"\" for --node: must not be empty"),
        IsJson(parsed));

    private static RehearseNodeRequest ReadRehearseNode(ParseResult parsed)
    {
        var settings = Read(parsed, new());
        ObjectKey? moved = parsed.GetValue(PodToMove) is { } pod ? KeyOf(pod, "--move") : null;
        return moved is null && parsed.GetValue(Yes)
            ? throw new SettingsException("--yes says yes to --move, which is missing")
            : new(settings, new(parsed.GetValue(NodeToRehearse)!), moved, parsed.GetValue(Yes), PatienceOf(parsed.GetValue(Patience)));
    }

    private static TimeSpan PatienceOf(string? text)
    {
        try
        {
            return text is null ? RehearseNodeRequest.DefaultPatience
                : Durations.Parse(text) is var patience && patience > TimeSpan.Zero ? patience
                : throw new FormatException("must be above zero");
        }
        catch (FormatException problem)
        {
            throw new SettingsException($"invalid value \"{text}\" for --timeout: {problem.Message}");
        }
    }

    private static ObjectKey LeaseOf(ParseResult parsed) => new(parsed.GetValue(Namespace) ?? ExplainRequest.DefaultNamespace, parsed.GetValue(LeaseToRead) ?? new Settings().LeaseName);

    private static bool IsJson(ParseResult parsed) => parsed.GetValue(Output) switch
    {
        null or "text" => false,
        "json" => true,
        var other => throw new SettingsException($"invalid value \"{other}\" for --output: must be text or json"),
    };

    private static string PathOf(string[] words) => words switch
    {
        _ when Array.Find(words, word => word.StartsWith('-')) is { } flag => throw new SettingsException($"unknown flag: {flag.Split('=')[0]}"),
        ["pod", var pod] when pod.Split('/') is [{ Length: > 0 } space, { Length: > 0 } name] => $"pods/{Uri.EscapeDataString(space)}/{Uri.EscapeDataString(name)}",
        ["pod", var pod] => throw new SettingsException($"invalid pod \"{pod}\": must be a namespace and a name, for example default/app-0"),
        ["volume", { Length: > 0 } volume] => $"volumes/{Uri.EscapeDataString(volume)}",
        ["node", { Length: > 0 } node] => $"nodes/{Uri.EscapeDataString(node)}",
        _ => throw new SettingsException("explain must be told what to explain: pod NAMESPACE/NAME, volume NAME or node NAME"),
    };

    private static ObjectKey KeyOf(string pod, string flag) => pod.Split('/') is [{ Length: > 0 } space, { Length: > 0 } name]
        ? new(space, name)
        : throw new SettingsException($"invalid value \"{pod}\" for {flag}: must be a namespace and a name, for example default/app-0");

    private static Settings Read(ParseResult parsed, Settings settings)
    {
        foreach (var (flag, option) in Options)
        {
            foreach (var text in parsed.GetValue(option) ?? [])
            {
                settings = Apply(flag, text, settings);
            }
        }

        return settings;
    }

    private static Settings Apply(CommandLineFlag flag, string text, Settings settings)
    {
        try
        {
            return flag.Read(settings, text);
        }
        catch (FormatException problem)
        {
            throw new SettingsException($"invalid value {(flag.IsSecret ? "" : $"\"{text}\" ")}for --{flag.Name}: {problem.Message}");
        }
    }

    private static Option<string[]> OptionFor(CommandLineFlag flag) => new($"--{flag.Name}", flag.Alias is null ? [] : [$"--{flag.Alias}"])
    {
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>The flags of the controller that matter for a command that judges the cluster by itself.</summary>
    public static bool IsOfJudgement(CommandLineFlag flag) => flag.IsOfPolicy || flag.Name is "kubeconfig" or "attacher-name" or "pod-label-selector";

    /// <param name="name">Its name.</param>
    /// <param name="takes">Which flags of the controller it takes, too.</param>
    /// <param name="own">Its own arguments and flags.</param>
    private static Syntax CreateCommand(string name, Func<CommandLineFlag, bool> takes, params Symbol[] own)
    {
        var command = new Syntax(name);
        foreach (var symbol in own.Concat(Options.Where(known => takes(known.Flag)).Select(known => known.Option)))
        {
            if (symbol is Argument argument)
            {
                command.Add(argument);
            }
            else
            {
                command.Add((Option)symbol);
            }
        }

        return command;
    }

    private static Syntax CreateRoot()
    {
        // A plain command, because a root command adds help, version and completion of its own.
        var root = new Syntax(ProgramVersion.Name) { Help, Version, WaitUntil, Replay, Explain, Doctor, RehearseNode };
        foreach (var (_, option) in Options)
        {
            root.Add(option);
        }

        // Never invoked: a command with subcommands may stand alone only if it has an action.
        root.SetAction(_ => { });
        return root;
    }
}
