using System.Text.RegularExpressions;
using Piraeus.HighAvailability.Controller.CommandLine;

namespace Piraeus.HighAvailability.Controller.Tests.Documents;

/// <summary>The program accepts its own commands as the documents write them.</summary>
public sealed partial class DocumentedCommandTests
{
    public static TheoryData<string> Commands => [.. Directory.EnumerateFiles(Repository.File("docs"), "*.md").Append(Repository.File("README.md"))
        .SelectMany(file => Command().Matches(File.ReadAllText(file)).Select(command => command.Groups[1].Value.Trim()))
        .Where(command => command != "explain" && !command.Contains('|', StringComparison.Ordinal)).Distinct()]; // which only name it

    [Fact]
    public void There_are_some_of_each_kind() => Assert.Equal(
        ["doctor", "explain", "rehearse-node", "replay"],
        Commands.Select(row => row.Data.Split(' ')[0]).Where(word => !word.StartsWith('-')).Distinct().Order());

    [Theory]
    [MemberData(nameof(Commands))]
    public void It_is_accepted(string command) =>
        Assert.True(CommandLineParser.Parse(command.Split(' ', StringSplitOptions.RemoveEmptyEntries)) is not CommandLine.Command.ShowText { ExitCode: not 0 }, command);

    // In a block of code, after a prompt, or between backticks.
    [GeneratedRegex(@"(?:^\s{4,}|^\$ |`|-- )(?:/usr/bin/)?piraeus-ha-controller ([^`\n]+)", RegexOptions.Multiline)]
    private static partial Regex Command();
}
