using Piraeus.HighAvailability.Controller.Control;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class LoopThrottleTests
{
    private readonly LoopThrottle _loopThrottle = new();

    [Fact]
    public void A_short_burst_owes_no_rest()
    {
        for (var turn = 0; turn < 10; turn++)
        {
            Assert.Equal(0, After(rested: 0, worked: 5));
        }

        Assert.Equal(95, After(rested: 0, worked: 5)); // the eleventh turn: 1045 ms, of which 950 are free
    }

    [Fact]
    public void A_loop_that_always_has_work_takes_a_twentieth_of_a_processor()
    {
        var (rested, worked) = (0.0, 0.0);
        for (var (turn, rest) = (0, 0.0); turn < 1000; turn++)
        {
            rest = After(rest, worked: 5);
            (rested, worked) = (rested + rest, worked + 5);
        }

        Assert.Equal(0.05, worked / (worked + rested), 0.01);
    }

    [Fact]
    public void No_rest_between_two_turns_is_longer_than_the_longest_acceptable_delay_of_a_decision() => Assert.Equal(100, After(rested: 0, worked: 10_000));

    [Fact]
    public void A_long_turn_is_forgotten_after_one_rest()
    {
        Assert.Equal(100, After(rested: 0, worked: 10_000));
        Assert.Equal(0, After(rested: 1050, worked: 0));
        A_short_burst_owes_no_rest();
    }

    [Fact]
    public void Time_in_which_there_was_nothing_to_do_is_rest()
    {
        Assert.Equal(95, After(rested: 0, worked: 55));
        Assert.Equal(0, After(rested: 95, worked: 0)); // 1045 ms were owed, and 950 are free
        Assert.Equal(19, After(rested: 0, worked: 1));
    }

    [Fact]
    public void The_loop_never_rests_in_advance()
    {
        After(rested: 1_000_000, worked: 0);
        Assert.Equal(19, After(rested: 0, worked: 51));
    }

    private double After(double rested, double worked) => _loopThrottle.After(TimeSpan.FromMilliseconds(rested), TimeSpan.FromMilliseconds(worked)).TotalMilliseconds;
}
