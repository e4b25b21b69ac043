using System.Collections.Concurrent;

namespace Piraeus.HighAvailability.Demo;

/// <summary>Reads the world ten times a second, logs changes, and carries out the actions of the page or a scenario.</summary>
internal sealed class DemoSession
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    private readonly DemoCluster _cluster;
    private readonly ControllerReplicas _replicas;
    private readonly DemoLog _demoLog;
    private readonly DemoOptions _options;
    private readonly string _watch;
    private readonly string _run = Guid.NewGuid().ToString("N");
    private readonly DateTimeOffset _began;
    private readonly DecisionExplainer _decisionExplainer;
    private readonly CancellationToken _stopping;
    private readonly ConcurrentDictionary<Workload, string> _first = new();
    private readonly OutageHistory _outageHistory = new();
    private readonly Timeline _timeline = new();
    private volatile WorldView _world;
    private volatile DemoView _view;

    public DemoSession(DemoCluster cluster, ControllerReplicas replicas, DemoLog demoLog, DemoOptions options, string watch, CancellationToken stopping)
    {
        (_cluster, _replicas, _demoLog, _options, _watch, _stopping) = (cluster, replicas, demoLog, options, watch, stopping);
        _began = DateTimeOffset.UtcNow - demoLog.Elapsed;
        _decisionExplainer = new(_outageHistory, _began);
        _world = Look();
        foreach (var workload in Workload.All)
        {
            _first[workload] = OutageHistory.Current(_world, workload.FullName)?.Uid ?? "";
        }

        _view = View();
    }

    public TimeSpan Grace => _options.Grace;

    /// <summary>The last view of the world.</summary>
    public WorldView World => _world;

    /// <summary>What the page shows.</summary>
    public DemoView Current => _view;

    public OutageHistory OutageHistory => _outageHistory;

    private string Who => _options.Scenario is null ? DemoLog.You : DemoLog.Script;

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Glance);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping))
            {
                _replicas.Ask(_stopping);
                var before = _world;
                _world = Look();
                _outageHistory.Record(_world);
                foreach (var (who, text) in WorldChanges.Describe(before, _world, _outageHistory))
                {
                    _demoLog.Add(who, text);
                }

                foreach (var torn in WorldChanges.SplitBrains(_world).Except(WorldChanges.SplitBrains(before)))
                {
                    _demoLog.Add(DemoLog.World, $"TWO NODES CAN WRITE TO {torn}");
                }

                _view = View();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The demo has ended.
        }
    }

    /// <summary>Carries out a button's action.</summary>
    /// <returns>Null, or an error message.</returns>
    public string? Do(string action, string node)
    {
        if (Array.Find(MachineFaults.OfNodes, fault => fault.Name == action) is { Do: { } harm } fault)
        {
            if (!DemoCluster.Nodes.Contains(node))
            {
                return $"there is no node \"{node}\"";
            }

            _demoLog.Add(Who, $"{fault.LogText} {node}");
            _cluster.Do(world => harm(world, node));
            return null;
        }

        switch (action)
        {
            case "restart-linstor":
                _demoLog.Add(Who, "restart LINSTOR's controller");
                _cluster.Do(world => world.Storage.RestartLinstor(TimeSpan.FromSeconds(4)));
                return null;
            case "freeze-leader":
                var frozen = _replicas.FreezeLeader();
                _demoLog.Add(Who, frozen is null ? "find no leader to freeze" : $"freeze {frozen.Name}, which leads (SIGSTOP {frozen.ProcessId})");
                return null;
            case "resume-leader":
                _demoLog.Add(Who, _replicas.Thaw() ? "let the frozen controller go on (SIGCONT)" : "find no frozen controller");
                return null;
            case "kill-leader":
                var killed = _replicas.KillLeader(_stopping);
                _demoLog.Add(Who, killed is null ? "find no leader to kill" : $"kill {killed.Name}, which leads (SIGKILL)");
                return null;
            default:
                return $"there is no action \"{action}\"";
        }
    }

    /// <summary>Waits for a condition; returns null, or a message that it did not come true.</summary>
    public async Task<string?> UntilAsync(Func<WorldView, bool> condition, string what, TimeSpan within)
    {
        var deadline = _demoLog.Elapsed + within;
        while (!condition(_world))
        {
            if (_demoLog.Elapsed > deadline)
            {
                return $"waited {Baseline.Words(within)} for {what}, in vain";
            }

            await Task.Delay(Glance, _stopping);
        }

        return null;
    }

    public async Task<string?> PauseAsync(double seconds)
    {
        await Task.Delay(TimeSpan.FromSeconds(seconds), _stopping);
        return null;
    }

    /// <summary>The uid of a workload's first pod.</summary>
    public string? FirstUid(Workload workload) => _first.GetValueOrDefault(workload);

    /// <summary>A violation of safety that occurred; null if there was none.</summary>
    public string? Harm() =>
        _outageHistory.SplitBrains.FirstOrDefault() is { } torn ? $"two nodes could write to {torn}"
        : _cluster.ForcedDeletions.Find(forcedDeletion => forcedDeletion.CouldWrite) is { } forcedDeletion ? $"a pod on {forcedDeletion.Node} was deleted while it could write"
        : null;

    private WorldView Look() => _cluster.Ask(world => WorldViewBuilder.Build(world, Math.Round(_demoLog.Elapsed.TotalSeconds, 2)));

    private DemoView View()
    {
        List<ControllerView> controllers = [.. _replicas.Processes.Select(View)];
        var explanations = _decisionExplainer.Explain(_replicas.Processes.Where(controller => controller.Status is not null).Select(controller => (controller.Name, controller.Status!)), _world, _cluster.ForcedDeletions);
        List<WorkloadView> workloads = [.. _world.Workloads.Select(pod => WorkloadViews.Of(pod, _world, _outageHistory, _decisionExplainer.IsDeleted))];
        var doubt = Doubt.Of(controllers, workloads);
        _timeline.Record(_world, doubt);
        return new(
            _run,
            _world.At,
            Grace.TotalSeconds,
            _options.Scenario,
            _world,
            controllers,
            doubt,
            workloads,
            explanations,
            [.. _demoLog.Lines.TakeLast(400)],
            _timeline.Lanes,
            [.. _demoLog.Lines.Where(line => line.Who is DemoLog.You or DemoLog.Script).Select(line => new MarkView(line.At, line.Text))],
            Baseline.Total.TotalSeconds,
            Baseline.Words(Baseline.Total),
            _watch,
            Baseline.Explained);
    }

    // The page has no use for past decisions, which make up most of a status.
    private ControllerView View(ControllerProcess controller)
    {
        double? answeredAt = controller.Status is { } status ? Math.Round((status.Now - _began).TotalSeconds, 2) : null;
        return new(
            controller.Name, controller.ProcessId, controller.IsFrozen ? "frozen" : controller.Runs ? "running" : "ended", controller == _replicas.Leader, controller.CommandLine,
            controller.Status is null ? null : controller.Status with { Journal = [] }, answeredAt, controller.IsFrozen || _world.At - answeredAt > Doubt.Fresh);
    }
}
