using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>How a scenario ended: with every rule kept, or with one broken.</summary>
internal sealed record ScenarioResult(string? BrokenRule, string? How)
{
    public bool IsGood => BrokenRule is null;
}

/// <summary>Whoever is told of a scenario while it is played.</summary>
internal sealed class ScenarioObserver
{
    /// <summary>Is told what happens, line by line.</summary>
    public Action<string>? Told { get; init; }

    /// <summary>Is told that a process of ours begins a life, by name.</summary>
    public Action<string>? Began { get; init; }

    /// <summary>Is told what a process observes, and when by its clock.</summary>
    public Action<string, Observation, Instant>? Heard { get; init; }

    /// <summary>Is told what a process has decided, and when by its clock.</summary>
    public Action<string, Verdict, Instant>? Decided { get; init; }
}

/// <summary>Five minutes in the life of a cluster.</summary>
internal static class Scenario
{
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(5);

    /// <summary>From when nobody who watches is disturbed any more.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(180);

    /// <summary>What a failover may take beside its grace period once nobody is blind: a round of the sweep, the longest back-off, late messages, and what Kubernetes itself needs.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>Plays a scenario to its end, or until a rule is broken.</summary>
    /// <param name="plan">The scenario.</param>
    /// <param name="coverage">What was met is added to it.</param>
    /// <param name="observer">Is told what happens; null for a scenario that nobody reads.</param>
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
            observer.Told?.Invoke(broken.Message);
            return new(broken.Rule, broken.Message);
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            observer.Told?.Invoke(bug.ToString());
            return new("nothing fails that nobody foresaw", bug.ToString());
        }
    }

    private static TimeSpan Longest(FailoverSettings settings) =>
        settings.KnownResourceGrace > settings.NewResourceGrace ? settings.KnownResourceGrace : settings.NewResourceGrace;
}
