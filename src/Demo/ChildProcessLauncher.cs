using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Piraeus.HighAvailability.Demo;

/// <summary>Starts processes that die with this one, however it ends.</summary>
/// <remarks>
/// A child begins as this program, which asks the kernel to end it with its parent and then executes the target program, so the target needs no support for this. The kernel treats
/// the thread that started a child as its parent. Pool threads come and go, so this class keeps a thread of its own for as long as the launcher lives.
/// </remarks>
internal sealed class ChildProcessLauncher : IDisposable
{
    private const string Child = "run-child";

    private readonly BlockingCollection<Action> _starts = [];
    private readonly Thread _parent;

    public ChildProcessLauncher()
    {
        _parent = new(Live) { IsBackground = true, Name = "child processes" };
        _parent.Start();
    }

    /// <summary>Must run first in every process: a process that was started as a child executes the target program, or ends if its parent has already ended.</summary>
    /// <param name="arguments">The process' arguments.</param>
    /// <returns>Why it did not execute that program; null if it was not started as a child.</returns>
    public static string? RunChild(string[] arguments)
    {
        if (arguments is not [Child, var parent, var program, .. var rest])
        {
            return null;
        }

        Libc.DieWithParent();
        return Libc.ParentId().ToString(CultureInfo.InvariantCulture) == parent
            ? $"{program} cannot be run: {Libc.Become(program, rest)}"
            : $"the process {parent} that started {program} has ended";
    }

    /// <summary>Starts a program.</summary>
    /// <param name="how">The program, its arguments and its environment; the method changes it.</param>
    public Task<Process> StartAsync(ProcessStartInfo how)
    {
        // For `dotnet x.dll`, the host is not the program, so it needs the path of the DLL.
        string[] self = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Path.Combine(AppContext.BaseDirectory, $"{DemoCommandLine.Name}.dll")] : [];
        string[] arguments = [.. self, Child, Environment.ProcessId.ToString(CultureInfo.InvariantCulture), how.FileName, .. how.ArgumentList];
        how.ArgumentList.Clear();
        foreach (var argument in arguments)
        {
            how.ArgumentList.Add(argument);
        }

        how.FileName = Environment.ProcessPath!;
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _starts.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(how)!);
            }
            catch (Exception failed)
            {
                started.SetException(failed);
            }
        });
        return started.Task;
    }

    public void Dispose()
    {
        _starts.CompleteAdding();
        _parent.Join();
        _starts.Dispose();
    }

    private void Live()
    {
        foreach (var start in _starts.GetConsumingEnumerable())
        {
            start();
        }
    }
}
