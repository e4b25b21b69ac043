using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Recording;
using Piraeus.HighAvailability.Rehearsals;

namespace Piraeus.HighAvailability.Controller.Tests.Recording;

public sealed class ReplayTests : IDisposable
{
    private readonly RecordingFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_replay_prints_what_was_decided_and_when_and_why()
    {
        await _fixture.RecordLossAsync();
        var (exitCode, output) = _fixture.Replay();
        Assert.Equal("""
            Recorded by ha-1, version VERSION, with grace periods of 45s (known) and 45s (new), a reconcile interval of 10s, taints and a storm threshold of 50%.
            2030-01-01T00:00:00.000Z      +0.000s  held      Leaving pod shop/db-0 on node a alone: it seems to have lost its storage, but the grace period is not over. (GraceNotOver)
            2030-01-01T00:00:20.000Z     +20.000s  lost      Source Pods is lost.
            2030-01-01T00:00:20.000Z     +20.000s  asked     Asking LINSTOR about resource pvc-1.
            2030-01-01T00:00:20.000Z     +20.000s  held      Leaving pod shop/db-0 on node a alone: the Kubernetes API does not tell its Pods. (KubernetesSilent)
            2030-01-01T00:00:20.000Z     +20.000s  synced    Source Pods is synced again.
            2030-01-01T00:00:45.000Z     +45.000s  asked     Asking Kubernetes what is on node a.
            2030-01-01T00:00:45.000Z     +45.000s  held      Leaving pod shop/db-0 on node a alone: the state of the pods on node a has not yet been confirmed. (AwaitingConfirmation)
            2030-01-01T00:00:45.000Z     +45.000s  decided   Deleting pod shop/db-0 on node a: it has lost resource pvc-1, because the replica on b may promote, which proves that the other side has quorum and a has not.
            2030-01-01T00:00:45.000Z     +45.000s  answered  Deleting pod shop/db-0 on node a: it has lost resource pvc-1, because the replica on b may promote, which proves that the other side has quorum and a has not. The answer was Accepted.
            2030-01-01T00:00:45.000Z     +45.000s  ended     Pod shop/db-0 of node a was deleted and its volumes detached, but no controller brings it back (decided +45.00 s, pod gone +0.00 s, detached +0.00 s).
            The recording ends here. The program was asked to stop.
            In 45.0 s: 16 observations, 6 turns, 1 failover, 1 deletion of pods, 0 deletions of attachments; held: KubernetesSilent 1, GraceNotOver 1, AwaitingConfirmation 1.
            Everything was decided as it was recorded.

            """.Replace("VERSION", ProgramVersion.Version), output);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public async Task It_is_narrowed_down_to_a_resource_or_a_pod()
    {
        await _fixture.RecordLossAsync();
        Assert.Equal(_fixture.Replay().Output.Split('\n').Where(line => !line.EndsWith("Asking Kubernetes what is on node a.", StringComparison.Ordinal)), _fixture.Replay("--resource", "PVC-1").Output.Split('\n'));
        Assert.DoesNotContain("Deleting", _fixture.Replay("--resource=pvc-2").Output, StringComparison.Ordinal);
        Assert.Contains("Deleting pod shop/db-0", _fixture.Replay("--pod", "shop/db-0").Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Asking", _fixture.Replay("--pod=shop/db-0").Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Deleting", _fixture.Replay("--pod=shop/db-1").Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Deleting", _fixture.Replay("--pod=shop/db-0", "--resource=pvc-2").Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_settings_show_what_would_have_been_decided()
    {
        await _fixture.RecordLossAsync();
        var (exitCode, output) = _fixture.Replay("--known-resource-grace-period=10m", "--new-resource-grace-period=10m", "--storm-threshold=100%", "--disable-node-taints");
        Assert.Equal(0, exitCode);
        Assert.DoesNotContain("s  decided  ", output, StringComparison.Ordinal);
        Assert.Contains("Replayed with grace periods of 10m0s (known) and 10m0s (new), a reconcile interval of 10s, no taints and a storm threshold of 100%.", output, StringComparison.Ordinal);
        Assert.Contains("is not compared", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_other_settings_the_policy_is_asked_when_it_would_have_wanted_to_be()
    {
        await _fixture.RecordLossAsync();
        var (_, output) = _fixture.Replay("--known-resource-grace-period=1s", "--new-resource-grace-period=1s");
        Assert.Contains("+1.000s  held      Leaving pod shop/db-0 on node a alone: the state of the pods on node a has not yet been confirmed. (AwaitingConfirmation)", output, StringComparison.Ordinal); // no query had been sent by then
    }

    [Fact]
    public async Task Settings_that_are_those_recorded_are_no_others()
    {
        await _fixture.RecordLossAsync();
        Assert.Equal(_fixture.Replay(), _fixture.Replay("--known-resource-grace-period=45s", "--disable-node-taints=false"));
    }

    [Fact]
    public async Task A_version_that_decides_otherwise_is_reported_once_and_fails()
    {
        await _fixture.RecordLossAsync();
        var lines = _fixture.Lines;
        var tampered = Array.FindIndex(lines, line => line.Contains("Deleting pod", StringComparison.Ordinal));
        lines[tampered] = lines[tampered].Replace("\"delete pod uid-db-0: ", "\"hold uid-db-0: ", StringComparison.Ordinal);
        File.WriteAllLines(_fixture.File, lines);

        var (exitCode, output) = _fixture.Replay();
        Assert.Equal(1, exitCode);
        Assert.Single(output.Split('\n'), line => line.Contains(" differs ", StringComparison.Ordinal));
        Assert.Contains($"differs   Line {tampered + 1}: version {ProgramVersion.Version} decides otherwise than version {ProgramVersion.Version} did. Only recorded: \"Deleting pod shop/db-0 on node a: ", output, StringComparison.Ordinal);
        Assert.Contains(" [hold uid-db-0: pvc-1 lost on a, b may promote, due +45s]. Only decided now: \"Deleting pod shop/db-0 on node a: ", output, StringComparison.Ordinal);
        Assert.Contains("Decided otherwise than recorded in ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_last_line_that_is_cut_off_ends_the_replay_and_is_reported()
    {
        await _fixture.RecordLossAsync();
        var text = File.ReadAllText(_fixture.File);
        File.WriteAllText(_fixture.File, text[..^20]);

        var (exitCode, output) = _fixture.Replay();
        Assert.Equal(0, exitCode);
        Assert.Contains(" answered  Deleting pod", output, StringComparison.Ordinal);
        Assert.Contains($"The recording ends here. Line {text.Count(letter => letter == '\n')} is cut off: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recording_without_a_reason_for_its_end_is_reported_as_broken_off()
    {
        await _fixture.RecordLossAsync();
        File.WriteAllLines(_fixture.File, _fixture.Lines[..^1]);
        var (exitCode, output) = _fixture.Replay();
        Assert.Equal(0, exitCode);
        Assert.Contains("It does not say why", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("line 2: 'n' is an invalid start of a property name. Expected a '\"'.", "{not JSON}")]
    [InlineData("line 2: it says nothing", "{}")]
    [InlineData("line 2: it says nothing", "null")]
    [InlineData("line 2: it says nothing", """{"saw":{"Tick":{}}}""")]
    [InlineData("line 2: \"Rumour\" is an unknown observation", """{"at":1,"saw":{"Rumour":{}}}""")]
    [InlineData("line 2: \"Hold\" is an unknown action", """{"at":1,"saw":{"Answered":{"decision":{"Hold":{}},"outcome":{"answer":"Accepted"},"takenAt":1}}}""")]
    [InlineData("line 2: JSON deserialization for type 'Piraeus.HighAvailability.Core.Observation+PromotionChanged' was missing required properties including: 'promotability'.", """{"at":1,"saw":{"PromotionChanged":{"resource":"r","node":"n"}}}""")]
    [InlineData("line 2: the recording is of format 1, and this version reads format 3 only: an older version recorded it, so replay it with that one", """{"recording":{"format":1,"version":"0.4.0"}}""")]
    [InlineData("line 2: the recording is of format 4, and this version reads format 3 only: a newer version recorded it, so replay it with that one", """{"recording":{"format":4,"novelty":true}}""")]
    public async Task A_line_that_cannot_be_read_is_named(string complaint, string line)
    {
        await _fixture.RecordLossAsync();
        File.WriteAllLines(_fixture.File, [_fixture.Lines[0], line, .. _fixture.Lines[1..]]);
        Assert.Equal($"cannot replay {_fixture.File}: {complaint}", _fixture.Complaint());
    }

    [Theory]
    [InlineData("it is no recording, because line 1 is not the header of one", "")]
    [InlineData("it is no recording, because line 1 is not the header of one", "{\"at\":1}\n")]
    [InlineData("line 1 is cut off", "{\"recording\":{\"format\":2,")]
    public void A_file_that_is_no_recording_is_refused(string complaint, string text)
    {
        File.WriteAllText(_fixture.File, text);
        Assert.Equal($"cannot replay {_fixture.File}: {complaint}", _fixture.Complaint());
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused() =>
        Assert.StartsWith($"cannot replay {_fixture.File}: ", _fixture.Complaint(), StringComparison.Ordinal);

    [Fact]
    public void A_folder_is_refused()
    {
        Directory.CreateDirectory(_fixture.File);
        Assert.StartsWith($"cannot replay {_fixture.File}: ", _fixture.Complaint(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whatever_happens_is_decided_again_as_it_was()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var plan = ScenarioPlan.Of(seed);
            using var fixture = new RecordingFixture { Settings = Settings.Of(plan.Setup.Settings) };
            var lives = new List<List<Action<Recorder>>>();
            var current = new Dictionary<string, List<Action<Recorder>>>();
            Scenario.Play(plan, new Coverage(), new ScenarioObserver
            {
                Started = name => lives.Add(current[name] = []),
                Observed = (name, seen, at) => current[name].Add(recorder => recorder.Observe(seen, at)),
                Decided = (name, verdict, at) => current[name].Add(recorder => recorder.Decided(verdict, at)),
            });
            foreach (var life in lives)
            {
                await fixture.RecordAsync(recorder => life.ForEach(happens => happens(recorder)));
            }

            var (exitCode, output) = fixture.Replay();
            Assert.True(exitCode == 0, $"seed {seed}: {output}");
            Assert.Equal(lives.Count, output.Split('\n').Count(line => line == "Everything was decided as it was recorded."));
        }
    }
}
