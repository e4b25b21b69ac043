namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Two replicas never act at the same time.</summary>
public sealed class LeaseViewTests
{
    private static readonly LeaseView Me = new("me", TimeSpan.FromSeconds(10));

    [Fact]
    public void A_free_lease_is_taken() => Assert.Equal(LeaseStep.Take, Me.Looked(null, At(0)).Next(At(0)));

    [Fact]
    public void A_released_lease_is_taken_at_once() => Assert.Equal(LeaseStep.Take, Me.Looked(Record(""), At(0)).Next(At(0)));

    [Fact]
    public void A_holder_renews_and_holds_for_the_renew_deadline_counted_from_when_it_sent()
    {
        var race = Me.Wrote(Record("me"), sent: At(0)).Looked(Record("me"), At(3));
        Assert.Equal(LeaseStep.Renew, race.Next(At(3)));
        Assert.True(race.Holds(At(9.9)));
        Assert.False(race.Holds(At(10)));
    }

    [Fact]
    public void Anothers_lease_is_respected_until_its_record_stood_still_for_its_duration()
    {
        var race = Me.Looked(Record("other", renewal: 1), At(0)).Looked(Record("other", renewal: 2), At(10));
        Assert.Equal(LeaseStep.Look, race.Next(At(24.9)));
        Assert.Equal(LeaseStep.Take, race.Next(At(25)));
    }

    [Fact]
    public void Looking_again_at_the_same_record_does_not_prolong_it()
    {
        var race = Me.Looked(Record("other"), At(0)).Looked(Record("other"), At(14));
        Assert.Equal(LeaseStep.Take, race.Next(At(15)));
    }

    [Fact]
    public void Every_field_that_a_holder_writes_is_a_renewal_if_it_changes() => Assert.All(
        (LeaseRecord[])
        [
            Record("another"), Record("other") with { DurationSeconds = 16 }, Record("other") with { AcquireTime = DateTimeOffset.UnixEpoch },
            Record("other") with { RenewTime = DateTimeOffset.UnixEpoch }, Record("other") with { Transitions = 8 },
        ],
        changed => Assert.Equal(LeaseStep.Look, Me.Looked(Record("other"), At(0)).Looked(changed, At(14)).Next(At(28.9))));

    [Fact]
    public void A_holder_that_sees_anothers_name_no_longer_holds() =>
        Assert.False(Me.Wrote(Record("me"), At(0)).Looked(Record("other"), At(1)).Holds(At(1)));

    [Fact]
    public void A_holder_that_gives_the_lease_up_no_longer_holds() => Assert.False(Me.Wrote(Record("me"), At(0)).Released().Holds(At(0)));

    [Fact]
    public void No_schedule_of_slow_and_lost_requests_gives_two_holders()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            Assert.True(NeverTwoHolders(new Random(seed), countFromAnswer: false), $"two holders with seed {seed}");
        }
    }

    [Fact]
    public void The_search_would_find_two_holders_if_a_lease_were_counted_from_the_answer() =>
        Assert.Contains(Enumerable.Range(0, 2_000), seed => !NeverTwoHolders(new Random(seed), countFromAnswer: true));

    // Three candidates, a server, and requests that take up to twenty seconds or get lost on either way.
    private static bool NeverTwoHolders(Random random, bool countFromAnswer)
    {
        var races = Enumerable.Range(0, 3).Select(index => new LeaseView($"candidate-{index}", TimeSpan.FromSeconds(10))).ToArray();
        var busyUntil = new double[3];
        LeaseRecord? server = null;
        var writes = 0;
        var answers = new PriorityQueue<Action, double>();
        var arrivals = new PriorityQueue<Action, double>();

        for (var now = 0.0; now < 300; now += 0.5)
        {
            while ((arrivals.TryPeek(out _, out var due) || answers.TryPeek(out _, out due)) && due <= now)
            {
                (arrivals.TryPeek(out _, out var arrival) && arrival <= now ? arrivals : answers).Dequeue()();
            }

            if (races.Count(race => race.Holds(At(now))) > 1)
            {
                return false;
            }

            for (var index = 0; index < races.Length; index++)
            {
                if (busyUntil[index] > now)
                {
                    continue;
                }

                Send(index, now);
            }
        }

        return true;

        void Send(int index, double sent)
        {
            var there = random.NextDouble() < 0.2 ? random.NextDouble() * 20 : random.NextDouble();
            var back = random.NextDouble() < 0.2 ? random.NextDouble() * 20 : random.NextDouble();
            var lost = random.NextDouble() < 0.1;
            var move = races[index].Next(At(sent));
            var expected = races[index].Record;
            busyUntil[index] = sent + there + back + 2;
            arrivals.Enqueue(() =>
            {
                if (move == LeaseStep.Look || server != expected)
                {
                    var seen = server;
                    Answer(at => races[index] = races[index].Looked(seen, at));
                    return;
                }

                var written = server = Record(races[index].Me, ++writes);
                Answer(at => races[index] = races[index].Wrote(written, countFromAnswer ? at : At(sent)));
            }, sent + there);

            void Answer(Action<Instant> receive)
            {
                if (!lost)
                {
                    answers.Enqueue(() => receive(At(sent + there + back)), sent + there + back);
                }
            }
        }
    }

    private static LeaseRecord Record(string holder, int renewal = 0) => new(holder, 15, RenewTime: DateTimeOffset.UnixEpoch.AddDays(1 + renewal), Transitions: 7);

    private static Instant At(double seconds) => Instant.Start + TimeSpan.FromSeconds(seconds);

    // An administrator deletes the Lease, or edits it, while its holder lives.
    [Fact]
    public void A_Lease_that_is_deleted_does_not_give_two_leaders()
    {
        var server = new LeaseServer().Start("one").Start("two").Pass(10);
        for (var i = 0; i < 30; i++)
        {
            server.Put(null);
            for (var j = 0; j < 300; j++)
            {
                server.Pass(0.1);
                Assert.False(server["one"].Holds(server.Now) && server["two"].Holds(server.Now), $"two leaders in round {i}");
            }
        }
    }

    [Theory]
    [InlineData("one", 1)]
    [InlineData("one", 0)]
    [InlineData("three", 1)]
    public void A_Lease_that_is_edited_does_not_give_two_leaders(string holder, int duration)
    {
        var server = new LeaseServer().Start("one").Start("two").Pass(10);
        for (var i = 0; i < 30; i++)
        {
            server.Put(server.Record! with { Holder = holder, DurationSeconds = duration });
            for (var j = 0; j < 307; j++)
            {
                server.Pass(0.1);
                Assert.False(server["one"].Holds(server.Now) && server["two"].Holds(server.Now), $"two leaders in round {i}");
            }
        }
    }

    [Fact]
    public void A_Lease_that_is_deleted_may_have_been_renewed_unseen_just_before()
    {
        static Instant At(double seconds) => Instant.Start + TimeSpan.FromSeconds(seconds);
        var record = LeaseRecord.HeldBy("one", null, DateTimeOffset.UnixEpoch);
        var holder = new LeaseView("one", LeaseTimings.RenewDeadline).Wrote(record, At(0)).Wrote(record, At(8.9));
        var challenger = new LeaseView("two", LeaseTimings.RenewDeadline).Looked(record, At(0.1)).Looked(null, At(9));
        Assert.True(holder.Holds(At(15.2)));
        Assert.Equal(LeaseStep.Look, challenger.Next(At(15.2)));
        Assert.Equal(LeaseStep.Take, challenger.Looked(null, At(20)).Next(At(24.1)));
    }

    [Fact]
    public void The_last_holder_that_a_replica_saw_is_not_necessarily_the_last_holder_of_a_deleted_Lease()
    {
        static Instant At(double seconds) => Instant.Start + TimeSpan.FromSeconds(seconds);
        var record = LeaseRecord.HeldBy("one", null, DateTimeOffset.UnixEpoch);
        var former = new LeaseView("one", LeaseTimings.RenewDeadline).Wrote(record, At(0));
        Assert.Equal(LeaseStep.Take, former.Looked(null, At(9)).Next(At(9))); // no other replica can have taken it from a holder whose hold is in force
        former = former.Looked(null, At(30));
        Assert.Equal(LeaseStep.Look, former.Next(At(44.9)));
        Assert.Equal(LeaseStep.Take, former.Next(At(45)));
        var released = new LeaseView("two", LeaseTimings.RenewDeadline).Looked(record with { Holder = "" }, At(0)).Looked(null, At(30));
        Assert.Equal(LeaseStep.Look, released.Next(At(44.9)));
    }
}
