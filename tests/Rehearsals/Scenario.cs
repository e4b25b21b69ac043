using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>The result of a scenario: all rules held, or one was broken.</summary>
internal sealed record ScenarioResult(string? BrokenRule, string? How)
{
    public bool IsGood => BrokenRule is null;
}

/// <summary>Callbacks for an observer of a running scenario.</summary>
internal sealed class ScenarioObserver
{
    /// <summary>Receives the scenario's log, line by line.</summary>
    public Action<string>? Logged { get; init; }

    /// <summary>Receives the name of a process of ours that starts.</summary>
    public Action<string>? Started { get; init; }

    /// <summary>Receives each observation of a process, and its time by the process's clock.</summary>
    public Action<string, Observation, Instant>? Observed { get; init; }

    /// <summary>Receives each decision of a process, and its time by the process's clock.</summary>
    public Action<string, Verdict, Instant>? Decided { get; init; }
}

/// <summary>Runs five simulated minutes of a cluster.</summary>
internal static class Scenario
{
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(5);

    /// <summary>From then on, no fault affects observers.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(180);

    /// <summary>The maximum time of a failover beyond its grace period once no process is blind: a resync round, the longest back-off, late messages, and Kubernetes' own delays.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>Runs a scenario to its end, or until a rule is broken.</summary>
    /// <param name="plan">The scenario.</param>
    /// <param name="coverage">Receives the outcomes that were reached.</param>
    /// <param name="observer">Receives what happens; null for none.</param>
    public static ScenarioResult Play(ScenarioPlan plan, Coverage coverage, ScenarioObserver? observer = null)
    {
        observer ??= new ScenarioObserver();
        try
        {
            var cluster = new SimulatedCluster(plan, coverage, observer);
            new FaultInjector(cluster).Plan(Calm);
            cluster.EventQueue.RunUntil(TimeSpan.FromSeconds(5));
            foreach (var controller in cluster.Controllers)
            {
                controller.Begin();
            }

            cluster.EventQueue.RunUntil(Length);
            cluster.Oracle.Conclude(Length - Longest(plan.Setup.Settings) - Bound);
            return new(null, null);
        }
        catch (BrokenRuleException broken)
        {
            observer.Logged?.Invoke(broken.Message);
            return new(broken.Rule, broken.Message);
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            observer.Logged?.Invoke(bug.ToString());
            return new("no unexpected exception is thrown", bug.ToString());
        }
    }

    private static TimeSpan Longest(FailoverSettings settings) =>
        settings.KnownResourceGrace > settings.NewResourceGrace ? settings.KnownResourceGrace : settings.NewResourceGrace;
}
