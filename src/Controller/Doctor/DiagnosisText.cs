using System.Globalization;
using System.Text;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Doctor;

/// <summary>A diagnosis as text for a terminal.</summary>
internal static class DiagnosisText
{
    /// <param name="diagnosis">The diagnosis.</param>
    /// <param name="node">The node that it was limited to, whose pods are all named; null for all nodes, of which only those pods are named that would stay.</param>
    public static string Of(WireDiagnosis diagnosis, NodeName? node)
    {
        var text = new StringBuilder();
        foreach (var section in diagnosis.Checks.GroupBy(check => check.Section))
        {
            Line(section.Key switch { Section.Linstor => "LINSTOR", var other => $"{other}" });
            foreach (var check in section)
            {
                Line($"  {check.Outcome switch { CheckOutcome.Ok => "ok  ", CheckOutcome.Warning => "WARN", _ => "FAIL" }}  {check.Message}");
                if (check.Advice is { } advice)
                {
                    Line($"        {advice}");
                }
            }

            Line("");
        }

        Line("If a node died now");
        if (diagnosis.IfNodeDied is [])
        {
            Line("  No pod with a LINSTOR volume runs anywhere.");
        }

        foreach (var forecast in diagnosis.IfNodeDied)
        {
            var moved = forecast.Pods.Select(pod => pod.MovedAfterSeconds).OfType<double>().DefaultIfEmpty().Max();
            Line(string.Create(CultureInfo.InvariantCulture, $"  {forecast.Node}: {forecast.Moves} {(forecast.Moves == 1 ? "pod" : "pods")} would be moved{(forecast.Moves > 0 ? $" within {moved:0.#} s of LINSTOR's notice" : "")}, {forecast.Stays} would stay."));
            foreach (var pod in forecast.Pods.Where(pod => node is not null || pod.MovedAfterSeconds is null))
            {
                Line($"    {pod.Sentence}");
            }
        }

        Line("");
        var (failed, warned) = (diagnosis.Checks.Count(check => check.Outcome == CheckOutcome.Failed), diagnosis.Checks.Count(check => check.Outcome == CheckOutcome.Warning));
        Line(failed > 0 ? $"{failed} of {diagnosis.Checks.Count} checks failed." : warned > 0 ? $"No check failed; {warned} of {diagnosis.Checks.Count} gave a warning." : $"All {diagnosis.Checks.Count} checks passed.");
        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');
    }
}
