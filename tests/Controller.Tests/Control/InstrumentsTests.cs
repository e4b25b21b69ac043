using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.Tests.Endpoints;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class InstrumentsTests : IDisposable
{
    private readonly string _meter = $"Tests.{Guid.NewGuid()}";
    private readonly Measurements _measurements;
    private readonly Instruments _instruments;

    public InstrumentsTests() => (_measurements, _instruments) = (new(_meter), new(_meter));

    [Fact]
    public void What_changes_the_cluster_is_counted_by_its_answer()
    {
        var node = new ClusterNode(new("a"), new("u-node"));
        foreach (var change in (Decision[])[Room.Delete, Room.Detach, new Decision.TaintNode(node, Room.Evidence), new Decision.UntaintNode(node), new Decision.ClearVolumesInUse(node, [])])
        {
            _instruments.Acted(change, new(Answer.Accepted));
        }

        _instruments.Acted(Room.Delete, new(Answer.TimedOut));
        Assert.Equal(
            ["delete_pod/accepted", "delete_pod/timed_out", "detach/accepted", "release/accepted", "taint/accepted", "untaint/accepted"],
            Counted().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_question_that_failed_and_what_was_never_sent_are_not_counted_among_the_changes()
    {
        foreach (var question in (Decision[])[new Decision.QueryResource(Room.Resource), new Decision.QuerySatellites(), new Decision.ListPodsOnNode(new("a")), new Decision.QueryWarnings("shop", new("u-pod"))])
        {
            _instruments.Acted(question, new(Answer.Refused));
        }

        _instruments.Acted(Room.Delete, new(Answer.NotSent));
        _instruments.Acted(Room.Detach, new(Answer.Refused));
        Assert.Equal(["detach/refused"], Counted());
    }

    public void Dispose()
    {
        _instruments.Dispose();
        _measurements.Dispose();
    }

    private IEnumerable<string> Counted() => Exposition.Parse(PrometheusText.Write(_measurements.Read(bug => throw bug))).Samples.Keys
        .Where(sample => sample.StartsWith("piraeus_ha_actions_total", StringComparison.Ordinal)).Select(sample => string.Join('/', sample.Split('"').Where((_, at) => at % 2 == 1)));
}
