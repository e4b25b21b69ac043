using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Demo;

namespace Piraeus.HighAvailability.Controller.Tests.Demo;

public sealed class DemoOptionsTests
{
    [Fact]
    public void Whoever_says_nothing_gets_any_port_a_short_grace_period_and_the_page() =>
        Assert.Equal(new DemoOptions { Port = 0, Grace = TimeSpan.FromSeconds(5), Scenario = null, OpensBrowser = true }, Read("demo"));

    [Fact]
    public void Everything_may_be_said_in_either_spelling()
    {
        var expected = new DemoOptions { Port = 8123, Grace = TimeSpan.FromSeconds(3), Scenario = "flap", OpensBrowser = false };
        Assert.Equal(expected, Read("demo", "--port", "8123", "--grace-period", "3s", "--scenario", "flap", "--no-browser"));
        Assert.Equal(expected, Read("demo", "--port=8123", "--grace-period=3s", "--scenario=flap", "--no-browser"));
    }

    [Theory]
    [InlineData("--scenario", "earthquake", "must be node-crash, partition, flap, linstor-restart or leader-loss")]
    [InlineData("--scenario", "", "must be node-crash, partition, flap, linstor-restart or leader-loss")]
    [InlineData("--port", "65536", "must be a whole number from 0 to 65535")]
    [InlineData("--port", "-1", "must be a whole number from 0 to 65535")]
    [InlineData("--grace-period", "5", "the unit is missing, for example 5s")]
    [InlineData("--grace-period", "0s", "must be from 1s to 10m")]
    [InlineData("--grace-period", "11m", "must be from 1s to 10m")]
    public void A_bad_value_is_one_line_that_says_what_would_be_good(string flag, string value, string complaint)
    {
        var refused = Assert.IsType<Command.ShowText>(CommandLineParser.Parse(["demo", flag, value]));
        Assert.Equal(($"piraeus-ha-controller: invalid value \"{value}\" for {flag}: {complaint}", 2), (refused.Text, refused.ExitCode));
    }

    [Theory]
    [InlineData("--dry-run", "unknown flag: --dry-run")]
    [InlineData("--v=5", "unknown flag: --v")]
    [InlineData("node-crash", "unexpected argument: node-crash")]
    public void What_the_demo_does_not_know_is_refused(string argument, string complaint)
    {
        var refused = Assert.IsType<Command.ShowText>(CommandLineParser.Parse(["demo", argument]));
        Assert.Equal(($"piraeus-ha-controller: {complaint}", 2), (refused.Text, refused.ExitCode));
    }

    private static DemoOptions Read(params string[] arguments) => Assert.IsType<Command.Demo>(CommandLineParser.Parse(arguments)).Options;
}
