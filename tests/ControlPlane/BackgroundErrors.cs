using System.Collections.Concurrent;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>Failures of the fakes' background tasks, which no code awaits; failure messages include them.</summary>
public sealed class BackgroundErrors(CancellationToken closing)
{
    private readonly ConcurrentQueue<Exception> _seen = new();

    public IEnumerable<Exception> Seen => _seen;

    /// <summary>Runs the task in the background, and records its failure.</summary>
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
