namespace Piraeus.HighAvailability.Core.Tests.Rehearsals;

/// <summary>Virtual time: what happens next, and when.</summary>
internal sealed class Agenda
{
    private readonly PriorityQueue<Action, (Instant At, int Order)> _entries = new();
    private int _order;

    public Instant Now { get; private set; } = Instant.Start + TimeSpan.FromSeconds(100);

    public void In(double seconds, Action happens) => At(Now + TimeSpan.FromSeconds(seconds), happens);

    public void At(Instant at, Action happens) => _entries.Enqueue(happens, (at, _order++));

    /// <summary>Lets everything happen until an instant, and thinks after each.</summary>
    public void RunUntil(Instant end, Action think)
    {
        while (_entries.TryPeek(out _, out var next) && next.At <= end)
        {
            Now = next.At;
            _entries.Dequeue()();
            think();
        }

        Now = end;
    }
}
