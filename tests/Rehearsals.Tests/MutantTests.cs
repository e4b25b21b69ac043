using System.ComponentModel;
using System.Diagnostics;

namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <summary>Proves that the simulation detects broken rules: whichever rule of the core is broken, some scenario fails.</summary>
public sealed class MutantTests
{
    /// <summary>The number of scenarios within which every broken rule has to show.</summary>
    private const int Seeds = 12000;

    /// <summary>How much processor time that may take; on a machine with other work to do, time on the clock says nothing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static TheoryData<string> Rules => [.. Mutants.All.Select(mutant => mutant.Rule)];

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task A_broken_rule_is_caught(string rule)
    {
        var mutant = Mutants.All.Single(mutant => mutant.Rule == rule);
        var (exitCode, output) = await RehearseAsync(mutant);
        Assert.True(exitCode == 1 && output.Contains("breaks a rule", StringComparison.Ordinal), $"None of {Seeds} scenarios detected the broken rule: {rule}.\n{output}");
    }

    [Fact]
    public async Task The_core_as_it_is_breaks_none()
    {
        var (exitCode, output) = await RehearseAsync(new Mutant("nothing is broken"));
        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task The_shortest_scenario_that_breaks_the_same_rule_is_printed_line_by_line()
    {
        var mutant = Mutants.All.Single(mutant => mutant.Rule == "an annotated pod is exempt");
        var (exitCode, output) = await RehearseAsync(mutant, "--seeds", "1..2000");
        Assert.Equal(1, exitCode);
        var lines = output.Split('\n');
        var shortest = lines.AsSpan()[Array.FindIndex(lines, line => line.StartsWith("The shortest scenario like that of seed ", StringComparison.Ordinal))..].ToArray();
        Assert.Equal(1, shortest.Count(line => line.TrimStart().Split("  ") is [_, "fault", ..])); // one fault is enough to lose storage
        Assert.Contains(shortest, line => line.Contains("Deleting pod", StringComparison.Ordinal));
        Assert.Contains("nothing is touched that was not opted in", shortest[^2], StringComparison.Ordinal);
    }

    private static Task<(int ExitCode, string Output)> RehearseAsync(Mutant mutant) => RehearseAsync(mutant, "--quiet", "--seeds", $"1..{Seeds}");

    private static async Task<(int ExitCode, string Output)> RehearseAsync(Mutant mutant, params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("piraeus-mutant-");
        try
        {
            var built = Path.GetDirectoryName(typeof(Scenario).Assembly.Location)!;
            foreach (var file in Directory.GetFiles(built, "rehearse.*").Append(Path.Combine(built, "Piraeus.HighAvailability.Simulator.dll")))
            {
                File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
            }

            await File.WriteAllBytesAsync(Path.Combine(folder.FullName, $"{Mutant.CoreName.Name}.dll"), mutant.Compile(optimized: true), TestContext.Current.CancellationToken);
            using var rehearsal = Process.Start(new ProcessStartInfo("dotnet", ["exec", Path.Combine(folder.FullName, "rehearse.dll"), .. arguments])
            {
                RedirectStandardOutput = true,
                Environment = { ["DOTNET_GCgen0size"] = "0x8000000" }, // as in rehearse.sh
            })!;
            var output = rehearsal.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            while (!rehearsal.HasExited)
            {
                if (ProcessorTimeOf(rehearsal) > Patience)
                {
                    rehearsal.Kill();
                    return (1, "It does not come to an end, which breaks a rule.");
                }

                await Task.Delay(100, TestContext.Current.CancellationToken);
            }

            return (rehearsal.ExitCode, await output);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static TimeSpan? ProcessorTimeOf(Process process)
    {
        try
        {
            return process.TotalProcessorTime;
        }
        catch (Exception ended) when (ended is InvalidOperationException or Win32Exception)
        {
            return null; // it has just ended
        }
    }
}
