using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Piraeus.HighAvailability.Controller.Demo;

/// <summary>Starts processes that die with this one, however it dies.</summary>
/// <remarks>The kernel counts the thread that started a child as its parent, and threads of the pool come and go: so this one lives for as long as we do.</remarks>
internal sealed class ChildProcessLauncher : IDisposable
{
    private const string Variable = "HA_CONTROLLER_DIES_WITH";

    private readonly BlockingCollection<Action> _births = [];
    private readonly Thread _parent;

    public ChildProcessLauncher()
    {
        _parent = new(Live) { IsBackground = true, Name = "nursery" };
        _parent.Start();
    }

    /// <summary>Called first in every process: one that was started here asks to be ended with whoever started it.</summary>
    /// <returns>False if that has happened already.</returns>
    public static bool Grow()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } parent)
        {
            return true;
        }

        Libc.DieWithParent();
        return Libc.ParentId().ToString(CultureInfo.InvariantCulture) == parent;
    }

    public Task<Process> StartAsync(ProcessStartInfo how)
    {
        how.Environment[Variable] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var born = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _births.Add(() =>
        {
            try
            {
                born.SetResult(Process.Start(how)!);
            }
            catch (Exception failed)
            {
                born.SetException(failed);
            }
        });
        return born.Task;
    }

    public void Dispose()
    {
        _births.CompleteAdding();
        _parent.Join();
        _births.Dispose();
    }

    private void Live()
    {
        foreach (var birth in _births.GetConsumingEnumerable())
        {
            birth();
        }
    }
}
