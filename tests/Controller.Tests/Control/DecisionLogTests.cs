using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class DecisionLogTests
{
    private readonly TestTime _time = new();
    private readonly DecisionLog _decisionLog;

    public DecisionLogTests() => _decisionLog = new(new(_time), _time);

    [Fact]
    public void A_mutation_is_logged_with_its_evidence_when_it_is_taken_on()
    {
        var before = Knowing("majority");
        _decisionLog.Acting(before, ControlFixture.Delete);
        _decisionLog.Answered(ControlFixture.Delete, new(MutationOutcome.Accepted));

        var entry = Assert.Single(_decisionLog.Entries);
        Assert.Equal(("DeletePod", "pod shop/app-0", "u-pod", MutationOutcome.Accepted), (entry.Kind, entry.About, entry.Uid, entry.Answer!.Answer));
        Assert.Equal(DecisionText.Of(ControlFixture.Delete), entry.Sentence);
        Assert.Same(before.Resources[ControlFixture.Resource], entry.Facts!.Resource);
        Assert.Same(ControlFixture.Evidence, entry.Facts.Evidence);
    }

    [Fact]
    public void A_mutation_that_was_not_sent_is_not_logged_and_leaves_the_evidence_of_its_next_attempt_alone()
    {
        _decisionLog.Acting(Knowing("majority"), ControlFixture.Delete);
        _decisionLog.Answered(ControlFixture.Delete, new(MutationOutcome.NotSent));
        Assert.Empty(_decisionLog.Entries);

        var later = Knowing("all");
        _decisionLog.Acting(later, ControlFixture.Delete);
        _decisionLog.Answered(ControlFixture.Delete, new(MutationOutcome.Accepted));
        Assert.Same(later.Resources[ControlFixture.Resource], Assert.Single(_decisionLog.Entries).Facts!.Resource);
    }

    [Fact]
    public void Queries_are_not_logged()
    {
        Decision[] questions = [new Decision.QueryResource(ControlFixture.Resource), new Decision.QuerySatellites(), new Decision.ListPodsOnNode(new("a")), new Decision.QueryWarnings("shop", new("u"))];
        foreach (var question in questions)
        {
            _decisionLog.Acting(ClusterSnapshot.Empty, question);
            _decisionLog.Answered(question, new(MutationOutcome.Refused));
        }

        Assert.Empty(_decisionLog.Entries);
    }

    [Fact]
    public void Holds_that_pass_by_themselves_are_not_logged_but_the_grace_period_is()
    {
        foreach (var reason in (HoldReason[])[HoldReason.NotAskedYet, HoldReason.OwnReplicaMayPromote, HoldReason.GraceNotOver])
        {
            _decisionLog.Held(ClusterSnapshot.Empty, new(ControlFixture.Resource, new("a"), reason, HoldDetail.None, [ControlFixture.App], Instant.Start, Overdue: false));
        }

        Assert.Equal(HoldReason.GraceNotOver, Assert.Single(_decisionLog.Entries).Reason);
    }

    [Fact]
    public void It_remembers_so_much_and_no_more()
    {
        for (var number = 1; number <= DecisionLog.Memory + 5; number++)
        {
            _decisionLog.Followed("pod shop/app-0", $"sentence {number}");
        }

        Assert.Equal(DecisionLog.Memory, _decisionLog.Entries.Count);
        Assert.Equal((6, "sentence 6"), (_decisionLog.Entries[0].Number, _decisionLog.Entries[0].Sentence));
    }

    private static ClusterSnapshot Knowing(string quorum) => ((Observation[])
    [
        new Observation.Updated<Volume>(new("pv", new("shop", "data")) { Resource = ControlFixture.Resource }),
        new Observation.ResourceReported(new(ControlFixture.Resource, true, [new(new("a")), new(new("b"))], Instant.Start) { QuorumProperties = new(quorum, null) }),
    ]).Aggregate(ClusterSnapshot.Empty, (cluster, seen) => cluster.Apply(seen, Instant.Start));
}
