using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Recording;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Recording;

public sealed class RecorderTests : IDisposable
{
    private static readonly Observation Woken = new Observation.Tick();

    private readonly RecordingFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task The_first_line_says_who_records_and_from_when_on_and_what_it_goes_by()
    {
        await _fixture.RecordAsync(_ => { });
        Assert.Equal(
            """{"recording":{"format":3,"version":"VERSION","identity":"ha-1","start":"2030-01-01T00:00:00+00:00","dryRun":false,"settings":{"knownResourceGrace":"00:00:45","newResourceGrace":"00:00:45","reconcileInterval":"00:00:10","taintNodes":true,"stormThreshold":0.5}}}""".Replace("VERSION", ProgramVersion.Version),
            _fixture.Lines[0]);
        Assert.Equal("""{"at":0,"ended":"The program was asked to stop."}""", _fixture.Lines[^1]);
    }

    [Fact]
    public async Task A_turn_names_only_what_has_changed()
    {
        var consult = new Decision.QueryResource(new("pvc-1"));
        await _fixture.RecordAsync(recorder =>
        {
            recorder.Decided(new([consult], null), Instant.Start);
            recorder.Decided(new([consult], null), Instant.Start);
            recorder.Decided(new([], null), Instant.Start);
        });
        Assert.Equal(
            [
                """{"at":0,"turn":{"begun":{"query resource PVC-1":"Asking LINSTOR about resource pvc-1."}}}""",
                """{"at":0,"turn":{}}""",
                """{"at":0,"turn":{"over":["query resource PVC-1"]}}""",
            ],
            _fixture.Lines[1..^1]);
    }

    [Fact]
    public async Task What_was_recorded_is_in_the_file_while_the_program_runs()
    {
        var recorder = _fixture.Open();
        using var stop = new CancellationTokenSource();
        var running = recorder.RunAsync(stop.Token);
        recorder.Observe(Woken, Instant.Start);
        await UntilAsync(() => _fixture.Lines is [_, """{"at":0,"saw":{"Tick":{}}}"""]);
        await stop.CancelAsync();
        await running.CancelledAsync();
    }

    [Fact]
    public async Task A_restart_continues_the_file_after_the_last_whole_line()
    {
        await _fixture.RecordAsync(recorder => recorder.Observe(Woken, Instant.Start));
        var first = File.ReadAllText(_fixture.File);
        File.AppendAllText(_fixture.File, $$"""{"at":1,"saw":{"Listed{{new string('x', 10_000)}}"""); // it was killed
        await _fixture.RecordAsync(recorder => recorder.Observe(Woken, Instant.Start));
        Assert.Equal(first + first, File.ReadAllText(_fixture.File));
        Assert.Equal(2, _fixture.Replay().Output.Split('\n').Count(line => line.StartsWith("Recorded by ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_header_that_was_cut_off_is_written_again()
    {
        File.WriteAllText(_fixture.File, RecordingLine.Magic[..5]);
        await _fixture.RecordAsync(_ => { });
        Assert.StartsWith(RecordingLine.Magic, _fixture.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_recording_is_left_alone()
    {
        File.WriteAllText(_fixture.File, "the only copy\n");
        Assert.Equal($"cannot record to {_fixture.File}: there is a file that is no recording", Assert.Throws<SettingsException>(_fixture.Open).Message);
        Assert.Equal("the only copy\n", File.ReadAllText(_fixture.File));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_refused()
    {
        _fixture.File = Path.Combine(_fixture.File, "nowhere", "recording");
        Assert.StartsWith($"cannot record to {_fixture.File}: Could not find", Assert.Throws<SettingsException>(_fixture.Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_ends_the_recording_with_one_warning_and_nothing_else()
    {
        var disk = new SmallDisk { Room = 1000 };
        var recorder = _fixture.Record(disk);
        using var stop = new CancellationTokenSource();
        var running = recorder.RunAsync(stop.Token);
        while (_fixture.Output.Lines.IsEmpty)
        {
            recorder.Observe(Woken, Instant.Start);
            await Task.Yield();
        }

        recorder.Observe(Woken, Instant.Start);
        await stop.CancelAsync();
        await running.CancelledAsync(); // until then it has not ended

        Assert.Equal($"The recording to {_fixture.File} has ended, and the controller goes on. It could not be written: No space left on device.", Assert.Single(_fixture.Output.Lines));
        File.WriteAllBytes(_fixture.File, disk.Content);
        Assert.Contains("The recording ends here. It could not be written: No space left on device", _fixture.Replay().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_can_be_written_ends_the_recording_with_one_warning_and_nothing_else()
    {
        var recorder = _fixture.Open();
        for (var number = 0; number <= Recorder.MostPending + 10; number++)
        {
            recorder.Observe(Woken, Instant.Start);
        }

        using var stop = new CancellationTokenSource();
        var running = recorder.RunAsync(stop.Token);
        await UntilAsync(() => !_fixture.Output.Lines.IsEmpty);
        await stop.CancelAsync();
        await running.CancelledAsync();

        Assert.Equal($"The recording to {_fixture.File} has ended, and the controller goes on. More was observed than could be written.", Assert.Single(_fixture.Output.Lines));
        Assert.Equal(Recorder.MostPending + 2, _fixture.Lines.Length);
        Assert.Equal("""{"at":0,"ended":"More was observed than could be written."}""", _fixture.Lines[^1]);
    }

    [Fact]
    public async Task A_recording_that_has_become_too_large_ends_with_one_warning_and_nothing_else()
    {
        var recorder = _fixture.Record(File.Create(_fixture.File), mostBytes: 10);
        recorder.Observe(Woken, Instant.Start);
        using var stop = new CancellationTokenSource();
        var running = recorder.RunAsync(stop.Token);
        await UntilAsync(() => !_fixture.Output.Lines.IsEmpty);
        await stop.CancelAsync();
        await running.CancelledAsync();

        Assert.Equal($"The recording to {_fixture.File} has ended, and the controller goes on. It has become too large.", Assert.Single(_fixture.Output.Lines));
        Assert.Equal("""{"at":0,"ended":"It has become too large."}""", _fixture.Lines[^1]);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var deadline = DateTime.UtcNow.AddSeconds(20); !condition();)
        {
            Assert.True(DateTime.UtcNow < deadline, "it does not happen");
            await Task.Yield();
        }
    }

    /// <summary>Takes what there is fixture for, and refuses the rest.</summary>
    private sealed class SmallDisk : MemoryStream
    {
        public int Room { get; init; }

        public byte[] Content { get; private set; } = [];

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Length + buffer.Length > Room)
            {
                await base.WriteAsync(buffer[..Math.Max(0, Room - (int)Length)], cancellationToken);
                throw new IOException("No space left on device");
            }

            await base.WriteAsync(buffer, cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            Content = ToArray();
            base.Dispose(disposing);
        }
    }
}
