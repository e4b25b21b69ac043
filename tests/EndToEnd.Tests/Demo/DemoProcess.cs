using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Demo;

/// <summary>The demo, started as a user would start it, and what it says.</summary>
internal sealed class DemoProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<Uri> _page = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Process _process;

    private DemoProcess(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output => string.Join('\n', _output);

    public int Id => _process.Id;

    /// <summary>The processes that it has started.</summary>
    public int[] Children => [.. Directory.EnumerateDirectories($"/proc/{Id}/task").SelectMany(task => File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

    private static string Program => ControlPlane.ControllerProcess.Built("Demo", "piraeus-ha-demo");

    // What runs in the background of a shell script ignores Ctrl-C, and so does everything that it starts.
    public static DemoProcess Start(params string[] arguments) =>
        new(Process.Start(new ProcessStartInfo("env", ["--default-signal=INT", Program, .. arguments, "--controller", ControlPlane.ControllerProcess.Program]) { RedirectStandardOutput = true, RedirectStandardError = true })!);

    public Task<Uri> PageAsync() => _page.Task.WaitAsync(TimeSpan.FromSeconds(60));

    /// <summary>Waits for the end of the scenario.</summary>
    public async Task<int> EndAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    /// <summary>Kills the process with SIGKILL, so that it cannot clean up.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Ends it as Ctrl-C does.</summary>
    public void Interrupt()
    {
        using var kill = Process.Start("kill", ["-s", "INT", $"{Id}"]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        if (line.StartsWith("The page: ", StringComparison.Ordinal))
        {
            _page.TrySetResult(new Uri(line.Split(' ')[2]));
        }
    }
}
