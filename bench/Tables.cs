using System.Globalization;
using System.Text;

namespace Piraeus.HighAvailability.Bench;

/// <summary>The readable output, in Markdown so that it can be kept.</summary>
internal static class Tables
{
    public static void Print(Report report, BenchOptions options)
    {
        Console.WriteLine($"\n{report.Program}, Kubernetes {report.Kubernetes}, {report.Machine.Cores} × {report.Machine.Cpu}, {report.Machine.Memory}");
        if (report.Beside is { } beside)
        {
            Console.WriteLine($"- beside: {beside}");
        }

        foreach (var setting in report.Settings)
        {
            Console.WriteLine($"- {setting}");
        }

        Recovery(report, options);
        Scale(report);
        if (options.Baseline is { } baseline)
        {
            Compare(report, baseline);
        }
    }

    private static void Recovery(Report report, BenchOptions options)
    {
        foreach (var mover in options.Methods.Where(mover => mover != FailoverMethod.Floor))
        {
            Console.WriteLine($"\nN volumes lost, seconds after zero: floor / {Round.Name(mover)} = ratio\n");
            Row(["N", .. Round.Measures.Select(measure => measure.Name), .. Round.Duties.Select(duty => duty.Name)]);
            Row(Enumerable.Repeat("---", Round.Measures.Count + Round.Duties.Count + 1));
            foreach (var volumes in options.Volumes)
            {
                Row([$"{volumes}", .. Round.Measures.Select(measure =>
                {
                    var (floor, controller) = (report.Figures[Round.Figure(volumes, FailoverMethod.Floor, measure.Name)], report.Figures[Round.Figure(volumes, mover, measure.Name)]);
                    return $"{Text(floor)} / {Text(controller)} = {Text(controller / floor)}";
                }), .. Round.Duties.Select(duty => Text(report.Figures[Round.Figure(volumes, mover, duty.Name)]))]);
            }
        }
    }

    private static void Scale(Report report)
    {
        if (report.Starts.Count == 0)
        {
            return;
        }

        bool[] builds = report.Beside is null ? [false] : [false, true];
        Console.WriteLine();
        Row(["large cluster", .. builds.Select(isBeside => isBeside ? "beside" : "")]);
        Row(Enumerable.Repeat("---", builds.Length + 1));
        foreach (var (name, _) in ScaleStart.Figures)
        {
            Row([name, .. builds.Select(isBeside => Text(report.Figures[ScaleStart.Figure(name, isBeside)]))]);
        }
    }

    private static void Compare(Report report, Report baseline)
    {
        Console.WriteLine($"\nCompared with {baseline.Program} on {baseline.Machine.Cores} × {baseline.Machine.Cpu}, {baseline.Date:yyyy-MM-dd}\n");
        Row(["figure", "then", "now", "now / then"]);
        Row(Enumerable.Repeat("---", 4));
        foreach (var (name, now) in report.Figures.Where(figure => figure.Value is not null))
        {
            // A figure that only one of the runs has measured cannot be compared.
            if (baseline.Figures.GetValueOrDefault(name) is not { } then)
            {
                continue;
            }

            Row([name, Text(then), Text(now), Text(now / then)]);
        }
    }

    private static void Row(IEnumerable<string> cells) =>
        Console.WriteLine(new StringBuilder("| ").AppendJoin(" | ", cells).Append(" |"));

    /// <summary>Formats a figure with three significant digits.</summary>
    private static string Text(double? value) => value switch
    {
        null => "not known",
        { } known when Math.Abs(known) >= 100 => known.ToString("0", CultureInfo.InvariantCulture),
        { } known when Math.Abs(known) >= 10 => known.ToString("0.0", CultureInfo.InvariantCulture),
        { } known when Math.Abs(known) >= 1 => known.ToString("0.00", CultureInfo.InvariantCulture),
        { } known => known.ToString("0.000", CultureInfo.InvariantCulture),
    };
}
