namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>The command line of the rehearsals, and what a seed stands for.</summary>
public sealed class ArgumentsTests
{
    [Fact]
    public void A_range_of_seeds_or_one_of_them_can_be_asked_for()
    {
        Assert.Equal(new RehearseOptions(5, 9), RehearseOptions.Parse(["--seeds", "5..9"]));
        Assert.Equal(new RehearseOptions(7, 7, IsSingle: true, IsQuiet: true), RehearseOptions.Parse(["--quiet", "--seed=7"]));
    }

    [Theory]
    [InlineData("--seeds", "9..5")]
    [InlineData("--seeds", "many")]
    [InlineData("--seed", "-1")]
    [InlineData("--scenario", "1")]
    public void Bad_input_gets_a_line_that_names_it(string name, string value)
    {
        var complaint = RehearseOptions.Parse([name, value]).Complaint;
        Assert.Contains(name, complaint, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', complaint!);
    }

    [Fact]
    public void A_seed_is_always_the_same_scenario()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            Assert.Equal(OutputOf(seed), OutputOf(seed));
        }
    }

    [Fact]
    public void What_was_never_met_is_missing()
    {
        var coverage = new Coverage();
        Assert.Equal(Coverage.Expected, coverage.Missing);
        coverage.Reach(Coverage.Of(FaultKind.Crash));
        Assert.DoesNotContain(Coverage.Of(FaultKind.Crash), coverage.Missing);
        Assert.Contains(Coverage.Of(FaultKind.Frozen), coverage.Missing);
    }

    private static string OutputOf(int seed)
    {
        var output = new StringWriter();
        Scenario.Play(ScenarioPlan.Of(seed), new Coverage(), new ScenarioObserver { Logged = output.WriteLine });
        return output.ToString();
    }
}
