using System.ComponentModel;
using System.Diagnostics;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>One run of a credential plugin.</summary>
internal sealed class PluginRun(ExecPlugin plugin, string question)
{
    private const int ShownOfErrors = 300;

    /// <summary>The program's output, if it succeeded in time.</summary>
    public async Task<string> OutputAsync(CancellationToken cancellation)
    {
        using var program = Start();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(plugin.Patience);
        try
        {
            program.StandardInput.Close();
            var output = program.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = program.StandardError.ReadToEndAsync(limit.Token);
            await Task.WhenAll(output, errors, program.WaitForExitAsync(limit.Token));
            return program.ExitCode == 0
                ? await output
                : throw plugin.Failure($"failed with exit code {program.ExitCode}{Shown(await errors)}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw plugin.Failure($"did not finish within {plugin.Patience.TotalSeconds:0.#} s");
        }
        finally
        {
            End(program);
        }
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(plugin.Program, plugin.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in plugin.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["KUBERNETES_EXEC_INFO"] = question;
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception problem)
        {
            throw plugin.Failure($"cannot be started: {new Win32Exception(problem.NativeErrorCode).Message}");
        }
    }

    /// <summary>Kills a program that was given up.</summary>
    private static void End(Process program)
    {
        if (!program.HasExited)
        {
            program.Kill(entireProcessTree: true);
        }
    }

    private static string Shown(string errors)
    {
        var line = string.Join(' ', errors.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length switch
        {
            0 => "",
            > ShownOfErrors => $": …{line[^ShownOfErrors..]}",
            _ => $": {line}",
        };
    }
}
