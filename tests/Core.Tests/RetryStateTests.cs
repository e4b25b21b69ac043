namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>When an action is sent again.</summary>
public sealed class RetryStateTests
{
    private static readonly Pod Held = new(new("default", "app-0"), new("uid-app-0-a"), new("a")) { Claims = [new("data")], OptedIn = true, Finalizers = ["example.com/held"] };
    private static readonly Decision Delete = new Decision.DeletePod(Held, new(Scenario.Pvc1, new("a"), new("b"), Instant.Start, Instant.Start));

    [Fact]
    public void A_deletion_that_was_accepted_is_repeated_ever_more_rarely_while_a_finalizer_holds_the_pod_back()
    {
        var (scenario, sent) = (Scenario.WithAppOn("a").Pod("app-0", "a", _ => Held), new List<Instant>());
        scenario.Answers = decision =>
        {
            if (decision is Decision.DeletePod)
            {
                sent.Add(scenario.Now);
            }

            return MutationOutcome.Accepted;
        };
        scenario.PowerOff("a").After(46 + 3600);
        Assert.Equal([5, 10, 20, 40, 80, 160, 300, 300], sent.Zip(sent.Skip(1), (one, next) => Math.Round((next - one).TotalSeconds)).Take(8));
        Assert.InRange(sent.Count, 10, 20);
    }

    [Fact]
    public void While_it_is_repeated_more_rarely_the_finalizer_is_named() =>
        Assert.Equal(
            ["Pod default/app-0, moved away from node a, waits to be gone: the old pod is deleted, but held back by finalizer example.com/held."],
            Scenario.WithAppOn("a").Pod("app-0", "a", _ => Held).PowerOff("a").After(900).StuckReports);

    [Fact]
    public void A_failure_in_between_does_not_make_an_accepted_deletion_a_new_one()
    {
        var cluster = Acted(Acted(Acted(Known, MutationOutcome.Accepted), MutationOutcome.Accepted), MutationOutcome.Refused);
        Assert.Equal(1, AttemptOf(cluster).Failures);
        Assert.Equal(TimeSpan.FromSeconds(20), Pause(Acted(cluster, MutationOutcome.Accepted)));
        Assert.Equal(0, AttemptOf(Acted(cluster, MutationOutcome.Accepted)).Failures);
    }

    [Fact]
    public void An_action_that_fails_is_repeated_after_a_quarter_of_a_second_and_at_least_every_fifteen()
    {
        var (cluster, pauses) = (Known, new List<double>());
        for (var failures = 0; failures < 9; failures++)
        {
            cluster = Acted(cluster, MutationOutcome.TimedOut);
            pauses.Add(Pause(cluster).TotalSeconds);
        }

        Assert.Equal([0.25, 0.5, 1, 2, 4, 8, 15, 15, 15], pauses);
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(30, 30)]
    [InlineData(31, 30)]
    [InlineData(86400, 30)]
    [InlineData(int.MaxValue, 30)]
    [InlineData(0, 0.25)]
    public void A_server_is_given_the_time_that_it_asks_for_but_no_more_than_half_a_minute(int retryAfter, double pause) =>
        Assert.Equal(pause, Pause(Acted(Known, MutationOutcome.Refused, TimeSpan.FromSeconds(retryAfter))).TotalSeconds);

    private static ClusterSnapshot Known => ClusterSnapshot.Empty.Apply(new Observation.Updated<Pod>(Held), Instant.Start);

    private static ClusterSnapshot Acted(ClusterSnapshot cluster, MutationOutcome answer, TimeSpan? retryAfter = null) =>
        cluster.Apply(new Observation.MutationAnswered(Delete, new(answer, null, retryAfter), Instant.Start), Instant.Start);

    private static RetryState AttemptOf(ClusterSnapshot cluster) => cluster.RetryStates[Delete.Key];

    private static TimeSpan Pause(ClusterSnapshot cluster) => AttemptOf(cluster).NotBefore - Instant.Start;
}
