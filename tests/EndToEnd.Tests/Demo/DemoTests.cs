using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Demo;

/// <summary>The demo in the terminal: no browser, no cluster.</summary>
public sealed class DemoTests
{
    [Theory]
    [InlineData("node-crash")]
    [InlineData("partition")]
    [InlineData("leader-loss")]
    public async Task Every_pod_that_may_be_moved_runs_elsewhere_at_the_end_and_the_others_are_left_alone_with_a_reason(string scenario)
    {
        var output = await PlayAsync(scenario);
        foreach (var pod in (string[])["db-0", "queue-0"])
        {
            Assert.Contains($"Why pod shop/{pod} on node-a was deleted", output, StringComparison.Ordinal);
            Assert.Matches($"{pod} +down .* without the controller at least 11 min 40 s", output);
        }

        Assert.Contains("  = in truth: The last moment at which a write to pvc-db could complete there was ", output, StringComparison.Ordinal);
        Assert.Contains("has no quorum policy that fences node node-a", output, StringComparison.Ordinal);
        Assert.Contains("it carries the annotation drbd.linbit.com/ignore-fail-over", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("flap")]
    [InlineData("linstor-restart")]
    public async Task A_node_that_comes_back_in_time_loses_no_pod(string scenario)
    {
        var output = await PlayAsync(scenario);
        Assert.DoesNotContain("Deleting pod", output, StringComparison.Ordinal);
        Assert.Contains($"{scenario} ended as it should: nothing was deleted.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scenario_that_there_is_not_is_one_line_that_names_those_there_are()
    {
        await using var demo = DemoProcess.Start("--scenario", "earthquake");
        Assert.Equal(2, await demo.EndAsync());
        Assert.Equal("piraeus-ha-demo: invalid value \"earthquake\" for --scenario: must be node-crash, partition, flap, linstor-restart or leader-loss", demo.Output);
    }

    [Fact]
    public async Task A_port_that_is_already_in_use_is_reported_in_one_line()
    {
        using var occupant = new TcpListener(IPAddress.Loopback, 0);
        occupant.Start();
        var port = ((IPEndPoint)occupant.LocalEndpoint).Port;
        await using var demo = DemoProcess.Start("--port", $"{port}");
        Assert.Equal(2, await demo.EndAsync());
        Assert.StartsWith($"piraeus-ha-demo: cannot show the page on port {port}: ", demo.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', demo.Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Its_controllers_end_with_it_however_it_ends_and_even_if_one_is_frozen(bool politely)
    {
        await using var demo = DemoProcess.Start("--no-browser");
        var children = await ChildrenAsync(demo);
        using (var stop = Process.Start("kill", ["-s", "STOP", $"{children[0]}"]))
        {
            await stop.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        if (politely)
        {
            demo.Interrupt();
        }
        else
        {
            demo.Kill();
        }

        await demo.EndAsync();
        await UntilAsync(() => !children.Any(IsAlive), demo);
    }

    private static bool IsAlive(int process) => File.Exists($"/proc/{process}/stat") && !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);

    private static Task UntilAsync(Func<bool> condition, DemoProcess demo) =>
        Eventually.TrueAsync(condition, TimeSpan.FromSeconds(60), () => demo.Output, TestContext.Current.CancellationToken);

    private static async Task<int[]> ChildrenAsync(DemoProcess demo)
    {
        await demo.PageAsync();
        await UntilAsync(() => demo.Children.Length == 2, demo);
        // A child asks to be ended with its parent first of all; that it says something means that it has.
        await UntilAsync(() => demo.Output.Contains("controller-1  Piraeus", StringComparison.Ordinal) && demo.Output.Contains("controller-2  Piraeus", StringComparison.Ordinal), demo);
        return demo.Children;
    }

    private static async Task<string> PlayAsync(string scenario)
    {
        await using var demo = DemoProcess.Start("--scenario", scenario, "--no-browser", "--grace-period=4s");
        var code = await demo.EndAsync();
        Assert.True(code == 0, demo.Output);
        return demo.Output;
    }
}
