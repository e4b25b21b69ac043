using Piraeus.HighAvailability.Demo;

namespace Piraeus.HighAvailability.Simulator.Tests.Demo;

public sealed class DemoOptionsTests
{
    [Fact]
    public void By_default_the_port_is_any_that_is_free_the_grace_period_is_short_and_the_page_opens() =>
        Assert.Equal(new DemoOptions { Port = 0, Grace = TimeSpan.FromSeconds(5), Scenario = null, OpensBrowser = true }, Read());

    [Fact]
    public void Each_flag_may_be_written_in_either_spelling()
    {
        var expected = new DemoOptions { Port = 8123, Grace = TimeSpan.FromSeconds(3), Scenario = "flap", OpensBrowser = false };
        Assert.Equal(expected, Read("--port", "8123", "--grace-period", "3s", "--scenario", "flap", "--no-browser"));
        Assert.Equal(expected, Read("--port=8123", "--grace-period=3s", "--scenario=flap", "--no-browser"));
    }

    [Theory]
    [InlineData("--scenario", "earthquake", "must be node-crash, partition, flap, linstor-restart or leader-loss")]
    [InlineData("--scenario", "", "must be node-crash, partition, flap, linstor-restart or leader-loss")]
    [InlineData("--port", "65536", "must be a whole number from 0 to 65535")]
    [InlineData("--port", "-1", "must be a whole number from 0 to 65535")]
    [InlineData("--grace-period", "5", "the unit is missing, for example 5s")]
    [InlineData("--grace-period", "0s", "must be from 1s to 10m")]
    [InlineData("--grace-period", "11m", "must be from 1s to 10m")]
    [InlineData("--controller", "/nowhere/piraeus-ha-controller", "there is no such file")]
    public void A_bad_value_is_one_line_that_says_what_would_be_good(string flag, string value, string complaint)
    {
        Assert.Equal((null, $"piraeus-ha-demo: invalid value \"{value}\" for {flag}: {complaint}", 2), DemoCommandLine.Parse([flag, value]));
    }

    [Theory]
    [InlineData("--dry-run", "unknown flag: --dry-run")]
    [InlineData("--v=5", "unknown flag: --v")]
    [InlineData("node-crash", "unexpected argument: node-crash")]
    public void What_the_demo_does_not_know_is_refused(string argument, string complaint)
    {
        Assert.Equal((null, $"piraeus-ha-demo: {complaint}", 2), DemoCommandLine.Parse([argument]));
    }

    [Fact]
    public void Help_and_version_are_not_complaints()
    {
        Assert.Equal(0, DemoCommandLine.Parse(["--help"]).ExitCode);
        Assert.StartsWith("piraeus-ha-demo ", DemoCommandLine.Parse(["--version"]).Text, StringComparison.Ordinal);
    }

    private static DemoOptions Read(params string[] arguments) => Assert.IsType<DemoOptions>(DemoCommandLine.Parse(arguments).Options);
}
