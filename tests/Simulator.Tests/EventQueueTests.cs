using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

public sealed class EventQueueTests
{
    [Fact]
    public void Things_happen_in_order_of_time_and_ties_in_the_order_asked()
    {
        var eventQueue = new EventQueue();
        List<string> happened = [];
        eventQueue.At(TimeSpan.FromSeconds(2), () => happened.Add("second"));
        eventQueue.At(TimeSpan.FromSeconds(1), () => eventQueue.After(TimeSpan.FromSeconds(1), () => happened.Add("asked later")));
        eventQueue.At(TimeSpan.FromSeconds(3), () => happened.Add("too late"));
        eventQueue.RunUntil(TimeSpan.FromSeconds(2));
        Assert.Equal(["second", "asked later"], happened);
        Assert.Equal(TimeSpan.FromSeconds(2), eventQueue.Now);
        Assert.Equal(TimeSpan.FromSeconds(3), eventQueue.NextAt);
    }
}
