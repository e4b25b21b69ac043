using System.Text.Json;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Recording;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Recording;

public sealed class RecordingJsonTests
{
    public static TheoryData<string> Observations => [.. RandomValues.Observations.Select(type => type.ToString())];

    public static TheoryData<string> Actions => [.. RandomValues.Actions.Select(type => type.ToString())];

    [Fact]
    public void Every_observation_and_every_action_can_be_recorded()
    {
        Assert.Equal(RandomValues.Observations.ToHashSet(), new ObservationConverter().Types.ToHashSet());
        Assert.Equal(RandomValues.Actions.ToHashSet(), new DecisionConverter().Types.ToHashSet());
    }

    [Theory]
    [MemberData(nameof(Observations))]
    public void An_observation_is_read_as_it_was_written(string name)
    {
        var type = RandomValues.Observations.Single(type => type.ToString() == name);
        AssertReadAsWritten(sample => (Observation)sample.Of(type));
    }

    [Theory]
    [MemberData(nameof(Actions))]
    public void An_action_is_read_as_it_was_written(string name)
    {
        var type = RandomValues.Actions.Single(type => type.ToString() == name);
        AssertReadAsWritten(sample => new Observation.MutationAnswered((Decision)sample.Of(type), (MutationAnswer)sample.Of(typeof(MutationAnswer)), (Instant)sample.Of(typeof(Instant))));
    }

    [Fact]
    public void Settings_are_read_as_they_were_written()
    {
        var settings = new FailoverSettings { KnownResourceGrace = TimeSpan.FromSeconds(1.5), NewResourceGrace = TimeSpan.Zero, ReconcileInterval = TimeSpan.FromTicks(1), TaintNodes = false, StormThreshold = 1 / 3d };
        Assert.Equal(settings, Read(Write(new RecordingLine { Recording = new(1, "0", "me", DateTimeOffset.UnixEpoch, true, settings) })).Recording!.Settings);
        Assert.Equal(settings, Settings.Of(settings).Policy);
    }

    [Fact]
    public void A_line_reads_like_what_it_says()
    {
        var at = Instant.Start + TimeSpan.FromMilliseconds(1500);
        Assert.Equal(
            """{"at":1.5,"saw":{"PromotionChanged":{"resource":"pvc-1","node":"b","promotability":"MayPromote"}}}""",
            Write(new RecordingLine { At = at, Saw = new Observation.PromotionChanged(new("pvc-1"), new("b"), Promotability.MayPromote) }));
        Assert.DoesNotContain("claimKeys", Write(new RecordingLine { At = at, Saw = new Observation.Updated<Pod>(new(new("shop", "db-0"), new("1"), null)) }), StringComparison.Ordinal); // which can be worked out
        Assert.Equal(
            """{"at":1.5,"turn":{"begun":{"query resource PVC-1":"Asking LINSTOR about resource pvc-1."}}}""",
            Write(new RecordingLine { At = at, Turn = new(new() { ["query resource PVC-1"] = "Asking LINSTOR about resource pvc-1." }, null) }));
    }

    private static void AssertReadAsWritten(Func<RandomValues, Observation> create)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var line = new RecordingLine { At = (Instant)new RandomValues(new(seed)).Of(typeof(Instant)), Saw = create(new(new(seed))) };
            var read = Read(Write(line));
            Assert.Equal(line.At, read.At);
            Assert.Equal(RandomValues.Dump(line.Saw), RandomValues.Dump(read.Saw));
        }
    }

    private static string Write(RecordingLine line) => JsonSerializer.Serialize(line, RecordingJson.OfLine);

    private static RecordingLine Read(string text) => JsonSerializer.Deserialize(text, RecordingJson.OfLine)!;
}
