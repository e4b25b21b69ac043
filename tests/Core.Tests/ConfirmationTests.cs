namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>How fresh the last report must be, and how a silence affects the grace period.</summary>
public sealed class ConfirmationTests
{
    [Fact]
    public void An_answer_that_was_asked_for_more_than_three_seconds_before_the_grace_period_ended_confirms_nothing()
    {
        var scenario = Unanswered(41.5).After(4.3);
        Assert.Empty(scenario.Moves);
        Assert.Contains(HoldReason.AwaitingConfirmation, scenario.AllHolds);
    }

    [Fact]
    public void An_answer_that_was_asked_for_in_the_last_three_seconds_of_the_grace_period_confirms_the_loss()
    {
        var scenario = Unanswered(42.5);
        Assert.Empty(scenario.After(2).Moves);
        Assert.NotEmpty(scenario.After(1).Moves);
    }

    [Fact]
    public void An_answer_that_arrived_more_than_five_seconds_ago_confirms_nothing()
    {
        // What would be acted on is there only five seconds after the answer.
        var scenario = Unanswered(44.5).Observe(new Observation.SourceLost(Source.Volumes)).After(5);
        Assert.Empty(scenario.Observe(new Observation.Listed<Volume>([.. scenario.Cluster.Volumes.All.Select(held => held.Item)])).After(1).Moves);
        Assert.Contains(HoldReason.AwaitingConfirmation, scenario.AllHolds);
    }

    [Fact]
    public void An_answer_that_linstor_needs_five_seconds_for_confirms_the_loss()
    {
        var scenario = Unanswered(40).After(2.1);
        var answer = scenario.ReportOf(Scenario.Pvc1);
        Assert.Empty(scenario.After(4.9).Moves);
        Assert.NotEmpty(scenario.Observe(new Observation.ResourceReported(answer)).After(0.1).Moves);
    }

    [Fact]
    public void An_answer_that_arrives_later_than_a_request_can_take_confirms_nothing()
    {
        // It has waited in a process that was suspended, and may be as old as its request.
        var scenario = Unanswered(40).After(2.1);
        var answer = scenario.ReportOf(Scenario.Pvc1);
        Assert.Empty(scenario.After(5.1).Observe(new Observation.ResourceReported(answer)).After(1).Moves);
        Assert.Equal([HoldReason.AwaitingConfirmation], scenario.AllHolds);
        scenario.Ignores = _ => false;
        Assert.NotEmpty(scenario.After(1).Moves);
    }

    [Theory]
    [InlineData(4.9, true)]
    [InlineData(5.1, false)]
    public void A_list_of_satellites_that_arrives_later_than_a_request_can_take_confirms_nothing(double seconds, bool confirms)
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(40);
        scenario.Ignores = decision => decision is Decision.QuerySatellites;
        var asked = scenario.After(2).Now;
        scenario.After(seconds).Observe(new Observation.SatellitesListed([Off("a"), On("b"), On("c")], asked)).After(0.1);
        Assert.Equal(confirms, scenario.Moves.Any());
    }

    [Fact]
    public void Newer_statements_of_the_stream_undo_a_confirmation_until_an_answer_contains_them()
    {
        var scenario = Unanswered(44.2).Node("a", ready: false).LosesQuorum("c");
        Assert.Empty(scenario.After(2).Moves);
        scenario.Ignores = _ => false;
        Assert.NotEmpty(scenario.After(2).Moves);
    }

    [Fact]
    public void A_silence_of_linstor_begins_with_its_last_answer_and_not_when_it_is_noticed()
    {
        var scenario = Unanswered(20).After(14).LinstorGoesAway().After(2);
        scenario.Ignores = _ => false;
        Assert.Empty(scenario.LinstorComesBack().Report("pvc-1").After(40).Moves);
        Assert.NotEmpty(scenario.After(6).Moves);
    }

    [Fact]
    public void A_consumer_that_comes_to_a_resource_that_was_lost_long_ago_has_the_whole_grace_period()
    {
        var scenario = Scenario.Empty().Resource("pvc-1", "a").Volume("pv-1", "data", "pvc-1").PowerOff("a").Report("pvc-1").After(600).Pod("app-0", "a");
        Assert.Empty(scenario.After(44).Moves);
        Assert.NotEmpty(scenario.After(2).Moves);
    }

    [Fact]
    public void One_speaker_is_not_enough_where_kubernetes_does_not_report_whether_the_node_is_ready()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Silence("c").After(60).PowerOff("a");
        scenario.Surveys = false;
        Assert.Empty(scenario.After(600).Moves);
        Assert.Equal([HoldReason.OnlyOneSpeaker], scenario.Holds);
    }

    [Fact]
    public void Counter_evidence_that_is_heard_while_the_peer_is_silent_starts_the_grace_period_anew()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).Node("a", ready: false).PowerOff("a").LosesQuorum("c").After(30).Silence("b");
        scenario.Link("c", "a", up: true).Replica("c", replica => replica with { Score = 10102 }).Report("pvc-1").Link("c", "a", up: false).LosesQuorum("c").Report("pvc-1").After(5).Speak("b");
        Assert.Empty(scenario.After(40).Moves);
        Assert.NotEmpty(scenario.After(6).Moves);
    }

    [Fact]
    public void A_silence_of_the_peer_pauses_the_grace_period_also_while_the_node_speaks()
    {
        var scenario = Scenario.WithAppOn("a", NoStorm).After(20).Silence("c").CutOff("a").After(30).Silence("b").After(4).Report("pvc-1").After(4).Report("pvc-1").Speak("b");
        Assert.Empty(scenario.After(14).Moves);
        Assert.NotEmpty(scenario.After(3).Moves);
    }

    // A lost power; so many seconds later LINSTOR answers about the resource, and then no longer.
    private static Scenario Unanswered(double seconds)
    {
        var scenario = Scenario.WithAppOn("a").PowerOff("a").After(seconds).Report("pvc-1");
        scenario.Ignores = decision => decision is Decision.QueryResource;
        return scenario;
    }
}
