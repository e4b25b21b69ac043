using System.Globalization;

namespace Piraeus.HighAvailability.Bench;

/// <summary>The kernel's figures for a process.</summary>
internal sealed class ProcessFigures(int process)
{
    private const double MiB = 1024;

    /// <summary>The kernel reports processor time in ticks of this length.</summary>
    private const double Tick = 0.01;

    /// <summary>MiB of memory, including memory shared with other processes.</summary>
    public double Resident => Kilobytes("status", "VmRSS") / MiB;

    /// <summary>The peak of <see cref="Resident"/>.</summary>
    public double MostResident => Kilobytes("status", "VmHWM") / MiB;

    /// <summary>MiB of private memory: what is not backed by a file.</summary>
    public double Private => Kilobytes("status", "RssAnon") / MiB;

    /// <summary>Seconds of processor time since the process started.</summary>
    public double Cpu
    {
        get
        {
            var stat = File.ReadAllText(Of("stat"));
            // The name before the last parenthesis may contain any character, including spaces; utime and stime are fields 14 and 15.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return Tick * (Number(fields[11]) + Number(fields[12]));
        }
    }

    private double Kilobytes(string file, string name) =>
        Number(File.ReadLines(Of(file)).First(line => line.StartsWith(name + ":", StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim());

    private string Of(string file) => string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/{file}");

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
