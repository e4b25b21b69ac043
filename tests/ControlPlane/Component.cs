using System.Collections.Concurrent;
using System.Diagnostics;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>One process of the control plane, with its log in a file; it never outlives the test process.</summary>
public sealed class Component : IDisposable
{
    /// <summary>The kernel ends a child with the *thread* that started it, so one thread that lives as long as the process starts them all.</summary>
    private static readonly BlockingCollection<Action> Starts = [];

    private readonly Process _process;

    static Component() => new Thread(() =>
    {
        foreach (var start in Starts.GetConsumingEnumerable())
        {
            start();
        }
    })
    { IsBackground = true, Name = "starts components" }.Start();

    private Component(string name, string log, Process process) => (Name, Log, _process) = (name, log, process);

    public string Name { get; }

    public string Log { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Starts a program; the kernel appends its output to the log, so nothing is lost however either side ends.</summary>
    public static async Task<Component> StartAsync(
        string program, string log, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var name = Path.GetFileName(program);
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        string[] command = ["-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", log, "setpriv", "--pdeathsig", "KILL", program, .. arguments];
        var start = new ProcessStartInfo("/bin/sh", command) { UseShellExecute = false };
        foreach (var (variable, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[variable] = value;
        }
        Starts.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (System.ComponentModel.Win32Exception failure)
            {
                started.SetException(failure);
            }
        });
        return new Component(name, log, await started.Task);
    }

    /// <summary>Kills it, as a crash would; a graceful stop is unnecessary because it keeps nothing of value in memory.</summary>
    public async Task KillAsync(CancellationToken cancellation)
    {
        _process.Kill();
        await _process.WaitForExitAsync(cancellation);
    }

    /// <summary>Sends a signal, by name: STOP, CONT, TERM.</summary>
    public async Task SignalAsync(string signal, CancellationToken cancellation)
    {
        using var kill = Process.Start("kill", ["-s", signal, $"{_process.Id}"]);
        await kill.WaitForExitAsync(cancellation);
    }

    public Task WaitForExitAsync(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    /// <summary>The end of its log.</summary>
    /// <param name="lines">How many lines.</param>
    /// <param name="shorten">Makes a line readable.</param>
    public string LogTail(int lines, Func<string, string>? shorten = null)
    {
        var text = File.Exists(Log) ? File.ReadLines(Log).TakeLast(lines).Select(shorten ?? (line => line)) : [];
        return $"--- {Name}{(HasExited ? $" (exited with {_process.ExitCode})" : "")}, {Log}\n{string.Join('\n', text)}\n";
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
        _process.Dispose();
    }
}
