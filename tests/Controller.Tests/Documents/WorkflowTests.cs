using System.Text.RegularExpressions;

namespace Piraeus.HighAvailability.Controller.Tests.Documents;

/// <summary>The workflows of the hosted CI.</summary>
public sealed partial class WorkflowTests
{
    [Fact]
    public void Every_action_is_pinned_by_its_commit_with_the_version_as_a_comment()
    {
        var used = Directory.EnumerateFiles(Repository.File(".github/workflows")).SelectMany(File.ReadLines)
            .Select(line => Uses().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value).Where(action => !action.StartsWith("./", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(used);
        Assert.All(used, action => Assert.Matches(@"^[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", action));
    }

    [GeneratedRegex(@"^\s*(?:- )?uses: (.+)$")]
    private static partial Regex Uses();
}
