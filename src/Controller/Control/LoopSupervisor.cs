namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Runs loops that must never end: if one ends, all end.</summary>
/// <remarks>A loop that returns is as much a bug as one that throws: a controller that looks healthy while its watch is dead is the worst failure there is.</remarks>
internal static class LoopSupervisor
{
    /// <exception cref="LoopEndedException">A loop ended without a request to stop.</exception>
    public static async Task RunAsync(IReadOnlyList<(string Name, Func<CancellationToken, Task> Run)> loops, CancellationToken cancellation)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var tasks = loops.Select(loop => Task.Run(() => loop.Run(linked.Token), CancellationToken.None)).ToArray();

        var first = await Task.WhenAny(tasks);
        await linked.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        if (!cancellation.IsCancellationRequested)
        {
            throw new LoopEndedException(loops[Array.IndexOf(tasks, first)].Name, first.Exception?.InnerException);
        }
    }
}

/// <summary>A loop that should never end has ended: a bug.</summary>
internal sealed class LoopEndedException(string name, Exception? inner) : Exception($"the loop \"{name}\" ended", inner);
