using System.Diagnostics;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>Runs a program of this machine or of <c>eng/</c> to its end.</summary>
internal static class ExternalProgram
{
    /// <returns>What it wrote to its standard output.</returns>
    public static async Task<string> OutputAsync(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var (exit, output, errors) = await RunAsync(program, arguments, environment);
        Assert.True(exit == 0, $"{program} {string.Join(' ', arguments)} ended with {exit}: {errors}{output}");
        return output;
    }

    public static async Task<(int Exit, string Output, string Errors)> RunAsync(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close(); // no program of a test asks anybody
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
