using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>How a story ended: with every rule kept, or with one broken.</summary>
internal sealed record ScenarioResult(string? BrokenRule, string? How)
{
    public bool IsGood => BrokenRule is null;
}

/// <summary>Whoever is told of a story while it is played.</summary>
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

    /// <summary>Plays a story to its end, or until a rule is broken.</summary>
    /// <param name="plan">The story.</param>
    /// <param name="coverage">What was met is added to it.</param>
    /// <param name="audience">Is told what happens; null for a story that nobody reads.</param>
    public static ScenarioResult Play(ScenarioPlan plan, Coverage coverage, ScenarioObserver? audience = null)
    {
        audience ??= new ScenarioObserver();
        try
        {
            var stage = new SimulatedCluster(plan, coverage, audience);
            new FaultInjector(stage).Plan(Calm);
            stage.EventQueue.RunUntil(TimeSpan.FromSeconds(5));
            foreach (var candidate in stage.Candidates)
            {
                candidate.Begin();
            }

            stage.EventQueue.RunUntil(Length);
            stage.Oracle.Conclude(Length - Longest(plan.Cast.Settings) - Bound);
            return new(null, null);
        }
        catch (BrokenRuleException broken)
        {
            audience.Told?.Invoke(broken.Message);
            return new(broken.Rule, broken.Message);
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            audience.Told?.Invoke(bug.ToString());
            return new("nothing fails that nobody foresaw", bug.ToString());
        }
    }

    private static TimeSpan Longest(FailoverSettings settings) =>
        settings.KnownResourceGrace > settings.NewResourceGrace ? settings.KnownResourceGrace : settings.NewResourceGrace;
}
