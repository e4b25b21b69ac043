using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class JournalTests
{
    private readonly ManualClock _time = new();
    private readonly Journal _journal;

    public JournalTests() => _journal = new(new(_time), _time);

    [Fact]
    public void An_action_is_told_with_what_it_rested_on_when_it_was_taken_on()
    {
        var before = Knowing("majority");
        _journal.Took(before, Room.Delete);
        _journal.Answered(Room.Delete, new(Answer.Accepted));

        var entry = Assert.Single(_journal.Entries);
        Assert.Equal(("DeletePod", "pod shop/app-0", "u-pod", Answer.Accepted), (entry.Kind, entry.About, entry.Uid, entry.Answer!.Answer));
        Assert.Equal(Sentences.Of(Room.Delete), entry.Sentence);
        Assert.Same(before.Resources[Room.Resource], entry.Facts!.Resource);
        Assert.Same(Room.Evidence, entry.Facts.Evidence);
    }

    [Fact]
    public void Questions_are_not_told()
    {
        Decision[] questions = [new Decision.QueryResource(Room.Resource), new Decision.QuerySatellites(), new Decision.ListPodsOnNode(new("a")), new Decision.QueryWarnings("shop", new("u"))];
        foreach (var question in questions)
        {
            _journal.Took(ClusterSnapshot.Empty, question);
            _journal.Answered(question, new(Answer.Refused));
        }

        Assert.Empty(_journal.Entries);
    }

    [Fact]
    public void What_passes_by_itself_is_not_told_but_the_grace_period_is()
    {
        foreach (var reason in (HoldReason[])[HoldReason.NotAskedYet, HoldReason.OwnReplicaMayPromote, HoldReason.GraceNotOver])
        {
            _journal.Left(ClusterSnapshot.Empty, new(Room.Resource, new("a"), reason, HoldDetail.None, [Room.App], Instant.Start, Overdue: false));
        }

        Assert.Equal(HoldReason.GraceNotOver, Assert.Single(_journal.Entries).Reason);
    }

    [Fact]
    public void It_remembers_so_much_and_no_more()
    {
        for (var number = 1; number <= Journal.Memory + 5; number++)
        {
            _journal.Said("pod shop/app-0", $"sentence {number}");
        }

        Assert.Equal(Journal.Memory, _journal.Entries.Count);
        Assert.Equal((6, "sentence 6"), (_journal.Entries[0].Number, _journal.Entries[0].Sentence));
    }

    private static ClusterSnapshot Knowing(string quorum) => ((Observation[])
    [
        new Observation.Seen<Volume>(new("pv", new("shop", "data")) { Resource = Room.Resource }),
        new Observation.ResourceReported(new(Room.Resource, true, [new(new("a")), new(new("b"))], Instant.Start) { QuorumProperties = new(quorum, null) }),
    ]).Aggregate(ClusterSnapshot.Empty, (cluster, seen) => cluster.Apply(seen, Instant.Start));
}
