using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <summary>Which actions may have no answer again, and so may take only a share of the slots.</summary>
public sealed class UnansweredActionsTests
{
    private readonly TestTime _time = new();
    private readonly UnansweredActions _unanswered;

    public UnansweredActionsTests() => _unanswered = new(new(_time));

    [Theory]
    [InlineData(MutationOutcome.Accepted, false)]
    [InlineData(MutationOutcome.Refused, false)]
    [InlineData(MutationOutcome.TimedOut, true)]
    [InlineData(MutationOutcome.NotSent, true)] // the server was not asked
    public void An_action_without_an_answer_is_known_until_it_has_one(MutationOutcome next, bool isKnown)
    {
        _unanswered.Note(ControlFixture.Delete, MutationOutcome.TimedOut);
        Assert.True(_unanswered.Contains(ControlFixture.Delete));
        Assert.False(_unanswered.Contains(ControlFixture.Detach));
        _unanswered.Note(ControlFixture.Delete, next);
        Assert.Equal(isKnown, _unanswered.Contains(ControlFixture.Delete));
    }

    [Theory]
    [InlineData(60, true)]
    [InlineData(61, false)]
    public void One_that_was_abandoned_is_forgotten(int seconds, bool isKnown)
    {
        _unanswered.Note(ControlFixture.Delete, MutationOutcome.TimedOut);
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _unanswered.Note(ControlFixture.Detach, MutationOutcome.TimedOut);
        Assert.Equal(isKnown, _unanswered.Contains(ControlFixture.Delete));
    }
}
