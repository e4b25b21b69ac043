namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>How many may be under way at a time, and how many may wait for their turn, first come, first served.</summary>
internal sealed class Slots(int underWay, int waiting)
{
    private readonly SemaphoreSlim _room = new(underWay + waiting);
    private readonly SemaphoreSlim _turns = new(underWay);

    /// <summary>Takes a place, if there is one; it ends with <see cref="Leave"/>, or with <see cref="GiveUp"/> if it was never used.</summary>
    public bool TryReserve() => _room.Wait(TimeSpan.Zero);

    public void GiveUp() => _room.Release();

    /// <summary>Waits for the turn of whoever has a place.</summary>
    public Task EnterAsync(CancellationToken cancellation) => _turns.WaitAsync(cancellation);

    public void Leave()
    {
        _turns.Release();
        _room.Release();
    }
}
