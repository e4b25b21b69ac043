using System.Globalization;
using System.Text;

namespace Piraeus.HighAvailability.Bench;

/// <summary>Draws how recovery and processor time grow with the number of volumes, as SVG. Both axes are logarithmic, so a straight line at 45 degrees is proportional growth.</summary>
internal static class GrowthPlot
{
    private const int Width = 640;
    private const int Height = 400;
    private const int Left = 60;
    private const int Bottom = 350;
    private const int Right = 460;
    private const int Top = 20;

    private static readonly (string Label, FailoverMethod Mover, string Measure, string Colour)[] Lines =
    [
        ("floor: all run", FailoverMethod.Floor, "all run", "#888888"),
        ("controller: all run", FailoverMethod.Controller, "all run", "#0b6fc2"),
        ("controller: processor time", FailoverMethod.Controller, "processor time", "#c2410b"),
    ];

    /// <summary>Draws the medians of a report.</summary>
    public static string Draw(Report report, IReadOnlyList<int> volumes)
    {
        var lines = Lines.Select(line => (line.Label, line.Colour, Points: volumes.Order()
            .Select(number => (Volumes: (double)number, Seconds: Math.Max(0.01, report.Figures[Round.Figure(number, line.Mover, line.Measure)] ?? 0.01))).ToList())).ToList();
        var (xs, ys) = (Decades(lines.SelectMany(line => line.Points).Select(point => point.Volumes)), Decades(lines.SelectMany(line => line.Points).Select(point => point.Seconds)));
        double X(double value) => Left + ((Math.Log10(value) - xs.First) / (xs.Last - xs.First) * (Right - Left));
        double Y(double value) => Bottom - ((Math.Log10(value) - ys.First) / (ys.Last - ys.First) * (Bottom - Top));

        var svg = new StringBuilder(Text($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12"><rect width="{Width}" height="{Height}" fill="white"/>"""));
        for (var decade = xs.First; decade <= xs.Last; decade++)
        {
            svg.Append(Text($"""<line x1="{X(Math.Pow(10, decade)):0}" y1="{Top}" x2="{X(Math.Pow(10, decade)):0}" y2="{Bottom}" stroke="#dddddd"/><text x="{X(Math.Pow(10, decade)):0}" y="{Bottom + 18}" text-anchor="middle">{Math.Pow(10, decade)}</text>"""));
        }

        for (var decade = ys.First; decade <= ys.Last; decade++)
        {
            svg.Append(Text($"""<line x1="{Left}" y1="{Y(Math.Pow(10, decade)):0}" x2="{Right}" y2="{Y(Math.Pow(10, decade)):0}" stroke="#dddddd"/><text x="{Left - 8}" y="{Y(Math.Pow(10, decade)) + 4:0}" text-anchor="end">{Math.Pow(10, decade)} s</text>"""));
        }

        foreach (var (label, colour, points) in lines)
        {
            svg.Append(Text($"""<polyline fill="none" stroke="{colour}" stroke-width="2" points="{string.Join(' ', points.Select(point => Text($"{X(point.Volumes):0.0},{Y(point.Seconds):0.0}")))}"/>"""));
            points.ForEach(point => svg.Append(Text($"""<circle cx="{X(point.Volumes):0.0}" cy="{Y(point.Seconds):0.0}" r="3" fill="{colour}"/>""")));
            svg.Append(Text($"""<text x="{Right + 8}" y="{Y(points[^1].Seconds) + 4:0}" fill="{colour}">{label}</text>"""));
        }

        return svg.Append(Text($"""<text x="{(Left + Right) / 2}" y="{Bottom + 38}" text-anchor="middle">volumes lost</text></svg>""")).Append('\n').ToString();
    }

    /// <summary>The powers of ten that enclose the values.</summary>
    private static (int First, int Last) Decades(IEnumerable<double> values)
    {
        var all = values.ToList();
        var (first, last) = ((int)Math.Floor(Math.Log10(all.Min())), (int)Math.Ceiling(Math.Log10(all.Max())));
        return (first, Math.Max(last, first + 1));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
