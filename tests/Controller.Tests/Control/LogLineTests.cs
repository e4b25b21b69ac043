using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

/// <summary>By which fields the log can be filtered.</summary>
public sealed class LogLineTests
{
    private static readonly ClusterNode Node = new(new("a"), new("u-node"));

    public static TheoryData<Decision, string> Decisions => new()
    {
        { ControlFixture.Delete, "Decision=DeletePod Node=a Resource=rd Pod=shop/app-0 Claim=shop/data" },
        { ControlFixture.Detach, "Decision=DeleteAttachment Node=a Resource=rd Attachment=csi-1 Claim=shop/data" },
        { new Decision.TaintNode(Node, ControlFixture.Evidence), "Decision=TaintNode Node=a Resource=rd" },
        { new Decision.UntaintNode(Node), "Decision=UntaintNode Node=a" },
        { new Decision.ClearVolumesInUse(Node, ["v"]), "Decision=ClearVolumesInUse Node=a" },
        { new Decision.QueryResource(ControlFixture.Resource), "Decision=QueryResource Resource=rd" },
        { new Decision.ListPodsOnNode(new("a")), "Decision=ListPodsOnNode Node=a" },
        { Held(HoldReason.OptedOut, new(), ControlFixture.App), "Decision=Hold Node=a Resource=rd Reason=OptedOut Pod=shop/app-0 Claim=shop/data" },
        { Held(HoldReason.GraceNotOver, new(), ControlFixture.App, ControlFixture.App with { Key = new("shop", "app-1") }), "Decision=Hold Node=a Resource=rd Reason=GraceNotOver Pod=shop/app-0, shop/app-1 Claim=shop/data" },
        { Held(HoldReason.NotOptedIn, new() { Attachment = "csi-1", Claim = new("shop", "logs") }), "Decision=Hold Node=a Resource=rd Reason=NotOptedIn Claim=shop/logs Attachment=csi-1" },
        { new Decision.ReportStuck(new(ControlFixture.App, ControlFixture.Evidence, Instant.Start), Phase.Scheduled, "no fixture"), "Decision=ReportStuck Node=a Resource=rd Pod=shop/app-0 Claim=shop/data Phase=Scheduled" },
    };

    [Theory]
    [MemberData(nameof(Decisions), DisableDiscoveryEnumeration = true)]
    public void A_decision_is_logged_with_everything_that_it_is_about(Decision decision, string expected)
    {
        var line = LogLine.Of(decision, "A sentence.");
        Assert.Equal($"{expected} {{OriginalFormat}}=A sentence.", Fields(line));
        Assert.Equal("A sentence.", line.ToString());
    }

    [Fact]
    public void What_was_answered_is_logged_too() => Assert.EndsWith(
        " Answer=Refused Error=the server is busy {OriginalFormat}=A sentence.", Fields(LogLine.Of(ControlFixture.Delete, "A sentence.", MutationOutcome.Refused, "the server is busy")));

    [Fact]
    public void What_became_of_several_failovers_names_all_of_them()
    {
        var one = new Failover(ControlFixture.App, ControlFixture.Evidence, Instant.Start);
        var other = new Failover(ControlFixture.App with { Key = new("shop", "app-1"), Claims = [new("more")] }, ControlFixture.Evidence, Instant.Start);
        Assert.StartsWith("Decision=Failover Node=a Resource=rd Pod=shop/app-0, shop/app-1 Claim=shop/data, shop/more ", Fields(LogLine.Of([one, other], "A sentence.")));
    }

    private static Decision Held(HoldReason reason, HoldDetail detail, params ReadOnlySpan<Pod> pods) => new Decision.Hold(ControlFixture.Resource, new("a"), reason, detail, [.. pods], Instant.Start, Overdue: true);

    private static string Fields(LogLine line) => string.Join(' ', line.Select(field => $"{field.Key}={field.Value}"));
}
