using System.Diagnostics;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Demo;

/// <summary>The demo from beginning to end.</summary>
internal static class DemoCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <returns>The exit code: 0 if it ended as it should.</returns>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    /// <exception cref="SettingsException">The port is not available, or there is no controller to start.</exception>
    public static async Task<int> RunAsync(DemoOptions options, CancellationToken stopping)
    {
        var program = options.Controller ?? Path.Combine(AppContext.BaseDirectory, ProgramVersion.Name);
        if (!File.Exists(program))
        {
            throw new SettingsException($"there is no {program}: name the controller's program with --controller");
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var demoLog = new DemoLog();
        await using var page = await PageServer.OpenAsync(options.Port, ending.Token);
        await using var cluster = await DemoCluster.StartAsync(ending.Token);
        DemoFolder.DeleteLeft(Path.GetTempPath());
        using var folder = DemoFolder.Create();
        var kubeconfig = folder.KubeConfig;
        await File.WriteAllTextAsync(kubeconfig, cluster.KubeConfig, CancellationToken.None);
        using var childProcessLauncher = new ChildProcessLauncher();
        await using var replicas = new ControllerReplicas(program, childProcessLauncher, kubeconfig, cluster.Linstor, options.Grace, demoLog);
        var demoSession = new DemoSession(cluster, replicas, demoLog, options, $"kubectl --kubeconfig {kubeconfig} get pods -A -o wide -w", ending.Token);
        Announce(page, cluster, replicas, options, demoSession.Current.Watch);
        page.Show(demoSession);
        demoLog.LineAdded += TerminalOutput.WriteLine;
        await replicas.StartAsync();
        var watching = demoSession.RunAsync();
        try
        {
            // What watches the cluster ends only by an error: the demo must not wait for it in vain.
            var playing = PlayAsync(demoSession, replicas, demoLog, page, options, ending.Token);
            await await Task.WhenAny(playing, watching);
            return await playing;
        }
        finally
        {
            await ending.CancelAsync();
            await watching;
        }
    }

    private static async Task<int> PlayAsync(DemoSession demoSession, ControllerReplicas replicas, DemoLog demoLog, PageServer page, DemoOptions options, CancellationToken stopping)
    {
        var problem = await demoSession.UntilAsync(_ => replicas.IsReady, "the controllers to know the whole cluster", Patience);
        if (options.Scenario is not { } scenario)
        {
            demoLog.Add(DemoLog.World, problem ?? $"everything is well. Break something: {page.Url}");
            Browser.Open(options, page.Url);
            await Task.Delay(Timeout.Infinite, stopping);
            return 0;
        }

        problem ??= await Scenarios.PlayAsync(scenario, demoSession);
        problem ??= demoSession.Harm();
        TerminalOutput.Summarise(demoSession, scenario, problem);
        return problem is null ? 0 : 1;
    }

    private static void Announce(PageServer page, DemoCluster cluster, ControllerReplicas replicas, DemoOptions options, string watch)
    {
        TerminalOutput.Write($"A simulated cluster of four nodes: LINSTOR at {cluster.Linstor}, Kubernetes at {cluster.Kubernetes}. Two real controllers, each a process of its own:");
        foreach (var controller in replicas.Processes)
        {
            TerminalOutput.Write($"  {controller.CommandLine}");
        }

        TerminalOutput.Write($"Watch it with: {watch}");
        TerminalOutput.Write($"What the controllers know: {string.Join(" ", replicas.Processes.Select(controller => controller.StatusUrl))}");
        TerminalOutput.Write($"The page: {page.Url}{(options.Scenario is null ? "  (Ctrl-C ends everything; --scenario plays a scenario)" : "")}");
        TerminalOutput.Write("");
    }
}

/// <summary>Opens the page in a browser, if there is one.</summary>
internal static class Browser
{
    public static void Open(DemoOptions options, Uri page)
    {
        if (!options.OpensBrowser || Console.IsOutputRedirected || !HasDesktop)
        {
            return;
        }

        try
        {
            using var opener = Process.Start(new ProcessStartInfo("xdg-open", [page.AbsoluteUri]) { RedirectStandardError = true, RedirectStandardOutput = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // There is no browser; the address is in the log.
        }
    }

    private static bool HasDesktop => ((string[])["DISPLAY", "WAYLAND_DISPLAY"]).Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 });
}
