using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Controller.Tests.Simulator;

public sealed class AgendaTests
{
    [Fact]
    public void Things_happen_in_order_of_time_and_ties_in_the_order_asked()
    {
        var agenda = new Agenda();
        List<string> happened = [];
        agenda.At(TimeSpan.FromSeconds(2), () => happened.Add("second"));
        agenda.At(TimeSpan.FromSeconds(1), () => agenda.After(TimeSpan.FromSeconds(1), () => happened.Add("asked later")));
        agenda.At(TimeSpan.FromSeconds(3), () => happened.Add("too late"));
        agenda.RunUntil(TimeSpan.FromSeconds(2));
        Assert.Equal(["second", "asked later"], happened);
        Assert.Equal(TimeSpan.FromSeconds(2), agenda.Now);
        Assert.Equal(TimeSpan.FromSeconds(3), agenda.NextAt);
    }
}
