using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <summary>Records all observations and decisions for a replay. No other part waits for it.</summary>
/// <param name="file">The destination. Its content up to the current position stays.</param>
/// <param name="settings">The program's settings.</param>
/// <param name="clock">The clock of the recorded instants.</param>
/// <param name="provider">The wall clock.</param>
/// <param name="logger">Logs once if the recording has to end.</param>
internal sealed partial class Recorder(Stream file, Settings settings, MonotonicClock clock, TimeProvider provider, ILogger<Recorder> logger)
{
    /// <summary>
    /// How many observations and decisions may wait to be written. That is more than the loss of a thousand volumes causes in a second, and about fifty megabytes of otherwise collectable memory.
    /// A disk that is slower for longer ends the recording, not the controller.
    /// </summary>
    public const int MostPending = 200_000;

    /// <summary>How large the file may become: a forgotten recording must not fill the disk of its node.</summary>
    public long MostBytes { get; init; } = 4L << 30;

    private const int ChunkSize = 1 << 16;

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Channel<Entry> _pending = Channel.CreateUnbounded<Entry>(new() { SingleReader = true, SingleWriter = true });
    private readonly HashSet<string> _standing = [];
    private ArrayBufferWriter<byte> _chunk = new(ChunkSize);
    private long _weight;
    private long _written = file.CanSeek ? file.Position : 0;

    /// <summary>Records an observation; never waits.</summary>
    /// <param name="seen">The observation.</param>
    /// <param name="at">When it was applied.</param>
    public void Observe(Observation seen, Instant at) => Add(new(at, seen, null)); // the snapshot keeps the content of a list anyway, so it weighs no more than its line

    /// <summary>Records a turn; never waits.</summary>
    /// <param name="verdict">The verdict of the turn.</param>
    /// <param name="at">The instant of the verdict.</param>
    public void Decided(Verdict verdict, Instant at) => Add(new(at, null, verdict));

    /// <summary>Writes until it is cancelled, or the recording has to end; the latter ends no other part of the program.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await WriteAsync(cancellation);
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            // Even a bug here ends only the recording.
            var why = $"It could not be written: {failed.Message}.";
            Ended(settings.Record, why);
            await GiveUpAsync(why);
        }
        finally
        {
            _pending.Writer.TryComplete();
            await file.DisposeAsync();
        }

        while (await _pending.Reader.WaitToReadAsync(CancellationToken.None) && _pending.Reader.TryRead(out _))
        {
            // The entry will not be written.
        }

        await Task.Delay(Timeout.Infinite, cancellation);
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        Put(new RecordingLine { Recording = new(Header.CurrentFormat, ProgramVersion.Version, settings.LeaseIdentity, provider.GetUtcNow() - clock.Now.SinceStart, settings.DryRun, settings.Policy) });
        await FlushAsync();
        try
        {
            // While no new entry waits, all entries are in the file.
            while (_written < MostBytes && await _pending.Reader.WaitToReadAsync(cancellation))
            {
                await DrainAsync();
            }

            var why = _written < MostBytes ? "More was observed than could be written." : "It has become too large.";
            Ended(settings.Record, why);
            Put(new RecordingLine { At = clock.Now, Ended = why });
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _pending.Writer.TryComplete();
            await DrainAsync();
            Put(new RecordingLine { At = clock.Now, Ended = "The program was asked to stop." });
        }

        await FlushAsync();
    }

    private async Task DrainAsync()
    {
        while (_pending.Reader.TryRead(out var entry))
        {
            Interlocked.Add(ref _weight, -entry.Weight);
            Put(new RecordingLine { At = entry.At, Saw = entry.Seen, Turn = entry.Verdict is { } verdict ? Difference(verdict) : null });
            if (_chunk.WrittenCount >= ChunkSize)
            {
                await FlushAsync();
            }
        }

        await FlushAsync();
    }

    private Turn Difference(Verdict verdict)
    {
        Dictionary<string, string>? begun = null;
        var standing = new HashSet<string>();
        foreach (var decision in verdict.Decisions)
        {
            var gist = DecisionFingerprint.Of(decision);
            if (standing.Add(gist) && !_standing.Contains(gist))
            {
                (begun ??= []).Add(gist, DecisionText.Of(decision));
            }
        }

        var over = _standing.Where(gist => !standing.Contains(gist)).ToList();
        _standing.ExceptWith(over);
        _standing.UnionWith(standing);
        return new(begun, over.Count == 0 ? null : over);
    }

    private void Put(RecordingLine line)
    {
        using var writer = new Utf8JsonWriter(_chunk, Writing);
        JsonSerializer.Serialize(writer, line, RecordingJson.OfLine);
        writer.Flush();
        _chunk.Write("\n"u8);
    }

    private async Task FlushAsync()
    {
        await file.WriteAsync(_chunk.WrittenMemory, CancellationToken.None);
        await file.FlushAsync(CancellationToken.None);
        _written += _chunk.WrittenCount;
        if (_chunk.Capacity > 16 * ChunkSize)
        {
            _chunk = new(ChunkSize); // the buffer grew for a full list; do not keep it
        }
        else
        {
            _chunk.ResetWrittenCount();
        }
    }

    // Writes the reason in place of a partial line, and of a little before it, because a full disk has no other space.
    private async Task GiveUpAsync(string why)
    {
        try
        {
            _chunk.ResetWrittenCount();
            Put(new RecordingLine { At = clock.Now, Ended = why });
            CutOff(file, EndOfLine(file, _written - _chunk.WrittenCount) is > 0 and var end ? end : _written);
            await FlushAsync();
        }
        catch (Exception)
        {
            // The reason is already in the log.
        }
    }

    private void Add(Entry entry)
    {
        if (Interlocked.Add(ref _weight, entry.Weight) > MostPending)
        {
            _pending.Writer.TryComplete();
        }

        _pending.Writer.TryWrite(entry);
    }

    private readonly record struct Entry(Instant At, Observation? Seen, Verdict? Verdict)
    {
        public int Weight => 1 + (Verdict?.Decisions.Count ?? 0);
    }

    [LoggerMessage(500, LogLevel.Warning, "The recording to {File} has ended, and the controller goes on. {Why}")]
    private partial void Ended(string file, string why);
}
