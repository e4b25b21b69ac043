using System.Text.RegularExpressions;
using Piraeus.HighAvailability.Controller.CommandLine;

namespace Piraeus.HighAvailability.Controller.Tests.Documents;

/// <summary>What the README says is true.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Root = Repository.File("");
    private static readonly string Readme = File.ReadAllText(Path.Combine(Root, "README.md"));

    [Fact]
    public void Its_options_are_those_of_the_help()
    {
        var help = ((Command.ShowText)CommandLineParser.Parse(["--help"])).Text.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("--", StringComparison.Ordinal));
        Assert.Equal(help, Block("").Split('\n').Where(line => line.StartsWith("--", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_command_of_it_is_run_by_CI_or_by_an_end_to_end_test()
    {
        var tested = File.ReadAllText(Path.Combine(Root, ".ci/run")) + File.ReadAllText(Path.Combine(Root, "tests/EndToEnd.Tests/DeploymentTests.cs"));
        foreach (var command in Blocks("sh").SelectMany(block => block.Split('\n', StringSplitOptions.RemoveEmptyEntries)))
        {
            var what = command.Split('#')[0].Trim();
            Assert.Contains(what.StartsWith("kubectl apply -f ", StringComparison.Ordinal) ? $"\"{what["kubectl apply -f ".Length..]}\"" : what, tested, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_file_that_a_document_links_to_is_there()
    {
        foreach (var document in Documents())
        {
            foreach (Match link in RelativeLink().Matches(File.ReadAllText(document)))
            {
                var target = Path.Combine(Path.GetDirectoryName(document)!, link.Groups[1].Value);
                Assert.True(Path.Exists(target), $"{Path.GetRelativePath(Root, document)} links to {link.Groups[1].Value}, which is not there");
            }
        }
    }

    [Fact]
    public void Every_reason_to_hold_that_needs_an_answer_has_one_in_the_runbook()
    {
        var runbook = File.ReadAllText(Path.Combine(Root, "docs/operations.md"));
        Core.HoldReason[] passing =
            [Core.HoldReason.Healthy, Core.HoldReason.NotAskedYet, Core.HoldReason.OwnReplicaMayPromote, Core.HoldReason.GraceNotOver];
        Assert.All(Enum.GetValues<Core.HoldReason>().Except(passing), reason => Assert.Contains($"`{reason}`", runbook, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_test_class_that_a_script_or_a_document_selects_is_there()
    {
        var classes = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*Tests.cs", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).ToHashSet();
        var selected = Directory.EnumerateFiles(Root, "*.sh").Append(Path.Combine(Root, ".ci/run")).Concat(Documents())
            .SelectMany(file => SelectedClass().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).ToList();
        Assert.Contains("RandomScenarioTests", selected); // ./try.sh
        Assert.All(selected, name => Assert.Contains(name, classes));
    }

    [Fact]
    public void Every_type_member_and_source_file_that_a_document_names_is_there()
    {
        string[] folders = ["src", "tests", "bench", "deploy", "eng", ".ci"];
        var files = folders.SelectMany(folder => Directory.EnumerateFileSystemEntries(Path.Combine(Root, folder), "*", SearchOption.AllDirectories)).Select(file => file.Replace('\\', '/')).Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).ToList();
        var words = files.Where(file => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".yaml", StringComparison.Ordinal) || file.EndsWith(".props", StringComparison.Ordinal))
            .SelectMany(file => Word().Matches(File.ReadAllText(file)).Select(word => word.Value)).ToHashSet();
        Assert.Empty(
            from document in Documents()
            where !document.EndsWith("CHANGELOG.md", StringComparison.Ordinal)
            from name in Quoted().Matches(Fence().Replace(File.ReadAllText(document), "")).Select(match => match.Groups[1].Value).Distinct()
            where !(SourcePath().IsMatch(name) || (name.Contains('/') && Exists(name.Split('/')[0])) ? Exists(name) : !Identifiers().IsMatch(name) || name.Split('.').All(words.Contains))
            select $"{Path.GetRelativePath(Root, document)}: {name}");

        bool Exists(string path) => files.Exists(file => file.EndsWith($"/{path}", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_event_id_of_the_runbook_is_that_of_a_log_message()
    {
        var ids = Directory.EnumerateFiles(Path.Combine(Root, "src/Controller"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => LogMessageIds().Matches(File.ReadAllText(file)).Select(message => message.Groups[1].Value + message.Groups[2].Value)).ToHashSet();
        var listed = EventIdRow().Matches(File.ReadAllText(Path.Combine(Root, "docs/operations.md"))).Select(row => row.Groups[1].Value).ToList();
        Assert.Contains("100", listed);
        Assert.All(listed, id => Assert.Contains(id, ids));
    }

    private static IEnumerable<string> Documents() => Directory.EnumerateFiles(Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories));

    private static string Block(string language) => Blocks(language).Single(block => block.StartsWith("--", StringComparison.Ordinal));

    private static IEnumerable<string> Blocks(string language) =>
        Fence().Matches(Readme).Where(fence => fence.Groups[1].Value == language).Select(fence => fence.Groups[2].Value);

    [GeneratedRegex("^```(\\w*)\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"--filter-class '\*\.(\w+)'")]
    private static partial Regex SelectedClass();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^[\w./-]+\.cs$")]
    private static partial Regex SourcePath();

    // RetryState, Failover.Advance
    [GeneratedRegex(@"^(?:[A-Z][a-z0-9]+){2,}(?:\.[A-Z]\w+)?$|^[A-Z]\w+\.[A-Z]\w+$")]
    private static partial Regex Identifiers();

    [GeneratedRegex(@"LoggerMessage\((?:EventId = )?(\d+)|EventId \w+ = new\((\d+)")]
    private static partial Regex LogMessageIds();

    [GeneratedRegex(@"(?<=^\| (?:`\d+`, )*)`(\d+)`(?=[^|]*\|)", RegexOptions.Multiline)]
    private static partial Regex EventIdRow();

    [GeneratedRegex(@"\]\((?!https?:)([^)#]+)\)")]
    private static partial Regex RelativeLink();
}
