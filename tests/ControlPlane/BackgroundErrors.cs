using System.Collections.Concurrent;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>What went wrong in the fakes, which nobody awaits: a failure's message names it.</summary>
public sealed class BackgroundErrors(CancellationToken closing)
{
    private readonly ConcurrentQueue<Exception> _seen = new();

    public IEnumerable<Exception> Seen => _seen;

    /// <summary>Lets the task run on its own, and keeps its failure.</summary>
    public void Watch(Task task) => _ = task.ContinueWith(
        ended =>
        {
            if (ended.Exception is { } failure && !closing.IsCancellationRequested)
            {
                _seen.Enqueue(failure.GetBaseException());
            }
        },
        CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
