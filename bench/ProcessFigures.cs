using System.Globalization;

namespace Piraeus.HighAvailability.Bench;

/// <summary>What the kernel knows of a process.</summary>
internal sealed class ProcessFigures(int process)
{
    private const double MiB = 1024;

    /// <summary>The kernel counts processor time in ticks of this length for whoever reads it.</summary>
    private const double Tick = 0.01;

    /// <summary>MiB of memory, what it shares with others included.</summary>
    public double Resident => Kilobytes("status", "VmRSS") / MiB;

    /// <summary>The most that <see cref="Resident"/> ever was.</summary>
    public double MostResident => Kilobytes("status", "VmHWM") / MiB;

    /// <summary>MiB of memory that is its own.</summary>
    public double Private => (Kilobytes("smaps_rollup", "Private_Clean") + Kilobytes("smaps_rollup", "Private_Dirty")) / MiB;

    /// <summary>Seconds of processor time since it began.</summary>
    public double Cpu
    {
        get
        {
            var stat = File.ReadAllText(Of("stat"));
            // The name before the last parenthesis may contain anything, spaces too; utime and stime are fields 14 and 15.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return Tick * (Number(fields[11]) + Number(fields[12]));
        }
    }

    private double Kilobytes(string file, string name) =>
        Number(File.ReadLines(Of(file)).First(line => line.StartsWith(name + ":", StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim());

    private string Of(string file) => string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/{file}");

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
