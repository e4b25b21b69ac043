namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>The time that a stopping process leaves for what is still to be written.</summary>
internal sealed class Farewell : IAsyncDisposable
{
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenRegistration _stopping;

    /// <param name="clock">Measures the time.</param>
    /// <param name="stopped">Called when the process begins to stop.</param>
    /// <param name="stopping">Cancelled then.</param>
    public Farewell(TimeProvider clock, Action stopped, CancellationToken stopping)
    {
        _over = new(Timeout.InfiniteTimeSpan, clock);
        _stopping = stopping.Register(() =>
        {
            stopped();
            _over.CancelAfter(Lasts);
        });
    }

    /// <summary>Cancelled when that time is over.</summary>
    public CancellationToken Token => _over.Token;

    public async ValueTask DisposeAsync()
    {
        await _stopping.DisposeAsync();
        _over.Dispose();
    }
}
