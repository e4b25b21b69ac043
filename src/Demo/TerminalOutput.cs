using System.Globalization;

namespace Piraeus.HighAvailability.Demo;

/// <summary>Prints the demo's log in plain lines.</summary>
internal static class TerminalOutput
{
    public static void Write(string line) => Console.Out.WriteLine(line);

    public static void WriteLine(DemoLogLine line) => Write(string.Create(CultureInfo.InvariantCulture, $"{line.At,7:0.00} s  {line.Who,-12}  {line.Text}"));

    /// <summary>The duration of the outage, and its duration without the controller.</summary>
    public static void Summarise(DemoSession demoSession, string scenario, string? problem)
    {
        var view = demoSession.Current;
        Write("");
        foreach (var decisionExplanation in view.Explanations.Reverse())
        {
            Write(string.Create(CultureInfo.InvariantCulture, $"Why {decisionExplanation.Title} at {decisionExplanation.At:0.00} s:"));
            foreach (var step in decisionExplanation.Known)
            {
                Write($"  - {step}");
            }

            foreach (var truth in decisionExplanation.True)
            {
                Write($"  = in truth: {truth}");
            }

            if (decisionExplanation.After is { } after)
            {
                Write($"  > {after}");
            }
        }

        Write("");
        foreach (var workload in view.Workloads)
        {
            Write($"{workload.Pod,-10} {workload.Summary}  ({workload.About})");
        }

        if (scenario is not ("flap" or "linstor-restart"))
        {
            Write($"Without the controller: {Baseline.Explained}");
        }

        Write(problem is null
            ? $"{scenario} ended as it should{(scenario is "flap" or "linstor-restart" ? ": nothing was deleted" : "")}. At no moment could two nodes write to one volume."
            : $"{scenario} did not end as it should: {problem}.");
    }
}
