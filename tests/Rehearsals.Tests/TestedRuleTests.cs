namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>Proves that the unit tests guard every rule: whichever is broken, the test that bears its name fails.</summary>
public sealed class TestedRuleTests
{
    public static TheoryData<string> Rules => [.. TestedRules.All.Select(tested => tested.Rule)];

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task A_broken_rule_fails_its_test(string rule)
    {
        var tested = TestedRules.All.Single(tested => tested.Rule == rule);
        using var run = new CoreTestRun(new(rule, tested.Edits));
        Assert.True(await run.RunAsync(tested.Test) is not null, $"{tested.Test} passes although a rule is broken: {rule}.");
    }

    [Fact]
    public async Task The_core_as_it_is_passes_these_tests()
    {
        using var run = new CoreTestRun(new Mutant("nothing is broken"));
        foreach (var test in TestedRules.All.Select(tested => tested.Test).Distinct())
        {
            Assert.Null(await run.RunAsync(test));
        }
    }
}

/// <summary>A rule, broken, and the test of <c>tests/Core.Tests</c> that must fail then.</summary>
/// <param name="Rule">The rule, as a sentence that is no longer true.</param>
/// <param name="Test">The test's name.</param>
/// <param name="Edits">How it is broken.</param>
internal sealed record TestedRule(string Rule, string Test, params Edit[] Edits)
{
    /// <summary>A rule that one changed line breaks.</summary>
    public TestedRule(string rule, string test, string file, string before, string after)
        : this(rule, test, new Edit(file, before, after))
    {
    }
}
