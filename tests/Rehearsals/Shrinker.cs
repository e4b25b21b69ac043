namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>Shrinks a scenario that breaks a rule to the smallest one that still breaks it.</summary>
internal static class Shrinker
{
    /// <summary>The smallest scenario found that breaks the same rule.</summary>
    public static ScenarioPlan Shrink(ScenarioPlan plan, string rule)
    {
        for (var better = Better(plan, rule); better is not null; better = Better(plan, rule))
        {
            plan = better;
        }

        return plan;
    }

    private static ScenarioPlan? Better(ScenarioPlan plan, string rule) => Simpler(plan).FirstOrDefault(controller => Scenario.Play(controller, new Coverage()).BrokenRule == rule);

    private static IEnumerable<ScenarioPlan> Simpler(ScenarioPlan plan)
    {
        for (var i = 0; i < plan.Faults.Length; i++)
        {
            yield return plan with { Faults = plan.Faults.RemoveAt(i) };
        }

        // A fault that never ends is simpler than one that does.
        foreach (var fault in plan.Faults.Where(fault => fault.Lasts is not null))
        {
            yield return plan with { Faults = plan.Faults.Replace(fault, fault with { Lasts = null }) };
        }

        for (var i = plan.Setup.Workloads.Length - 1; i >= 0; i--)
        {
            yield return plan with { Setup = plan.Setup with { Workloads = plan.Setup.Workloads.RemoveAt(i) } };
        }

        if (plan.Setup.Controllers > 1)
        {
            yield return plan with { Setup = plan.Setup with { Controllers = plan.Setup.Controllers - 1 } };
        }

        if (plan.Setup.Aliases)
        {
            yield return plan with { Setup = plan.Setup with { Aliases = false } };
        }

        if (plan.Setup.Adjust != ScenarioSetup.PromptAdjust)
        {
            yield return plan with { Setup = plan.Setup with { Adjust = ScenarioSetup.PromptAdjust } };
        }
    }
}
