namespace Piraeus.HighAvailability.Demo;

/// <summary>The replicas of the controller, and the faults injected into them.</summary>
internal sealed class ControllerReplicas : IAsyncDisposable
{
    /// <summary>The time after which a killed replica starts again.</summary>
    /// <remarks>Longer than its Lease lasts, as if its node had been lost too: a replica that returns before then takes its own Lease up again, and no other one takes over.</remarks>
    public static readonly TimeSpan Restart = TimeSpan.FromSeconds(20);

    private static readonly string[] Speakers = ["Actuator", "Reporter", "LeaseLoop", "Daemon"];

    private readonly DemoLog _demoLog;
    private readonly List<ControllerProcess> _processes;
    private volatile ControllerProcess? _speaker;

    public ControllerReplicas(string program, ChildProcessLauncher childProcessLauncher, string kubeconfig, Uri linstor, TimeSpan grace, DemoLog demoLog)
    {
        _demoLog = demoLog;
        _processes = [.. ((string[])["controller-1", "controller-2"]).Select(name => new ControllerProcess(name, program, childProcessLauncher, kubeconfig, linstor, grace, LogLine))];
    }

    public IReadOnlyList<ControllerProcess> Processes => _processes;

    /// <summary>The replica that acts, by its own status; a frozen replica keeps its last status.</summary>
    public ControllerProcess? Leader => _processes.Find(controller => controller.Runs && !controller.IsFrozen && Leads(controller)) ?? _processes.Find(Leads);

    /// <summary>Whether every replica has synced the whole cluster, and one of them leads.</summary>
    public bool IsReady => Leader is not null && _processes.TrueForAll(controller => controller.Status is { Sources.Silent.Count: 0 });

    public Task StartAsync() => Task.WhenAll(_processes.Select(controller => controller.StartAsync()));

    /// <summary>Requests the status of each replica.</summary>
    public void Ask(CancellationToken cancellation) => _processes.ForEach(controller => controller.Ask(cancellation));

    /// <summary>Freezes the leader.</summary>
    /// <returns>The leader's name; null if there is none.</returns>
    public ControllerProcess? FreezeLeader()
    {
        var leader = _processes.Find(controller => controller.Runs && !controller.IsFrozen && Leads(controller));
        leader?.Freeze();
        return leader;
    }

    /// <summary>Resumes all frozen replicas.</summary>
    public bool Thaw()
    {
        var frozen = _processes.FindAll(controller => controller.IsFrozen);
        frozen.ForEach(controller => controller.Thaw());
        return frozen.Count > 0;
    }

    /// <summary>Kills the leader; it starts again after another replica has taken over.</summary>
    public ControllerProcess? KillLeader(CancellationToken cancellation)
    {
        if (Leader is not { Runs: true } leader)
        {
            return null;
        }

        leader.Kill();
        _ = RestartAsync(leader, cancellation);
        return leader;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var controller in _processes)
        {
            await controller.DisposeAsync();
        }
    }

    private static bool Leads(ControllerProcess controller) => controller.Status is { Leadership.Leads: true };

    private async Task RestartAsync(ControllerProcess controller, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(Restart, cancellation);
            await controller.StartAsync();
            _demoLog.Add(DemoLog.Kubernetes, $"{controller.Name} is started again");
        }
        catch (OperationCanceledException)
        {
            // The demo has ended.
        }
    }

    // Both replicas decide and log it; the standby's line would be a duplicate.
    private void LogLine(ControllerProcess controller, string line)
    {
        if (line.Split(' ', 4, StringSplitOptions.RemoveEmptyEntries) is not [_, var level, var speaker, var text])
        {
            return;
        }

        // The log shows it before the next status request.
        if (text.StartsWith("This replica holds lease ", StringComparison.Ordinal))
        {
            _speaker = controller;
        }

        var isItsOwn = speaker is "LeaseLoop:" or "Daemon:";
        if (Speakers.Contains(speaker.TrimEnd(':')) && (isItsOwn || controller == _speaker) && !text.StartsWith("Asking ", StringComparison.Ordinal))
        {
            _demoLog.Add(controller.Name, text);
        }
        else if (level is "ERROR" or "PANIC" || (level == "WARN" && controller == _speaker))
        {
            _demoLog.Add(controller.Name, text);
        }
    }
}
