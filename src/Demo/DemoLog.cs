using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Demo;

/// <summary>One line of the demo's log.</summary>
/// <param name="Number">The line's number, without gaps.</param>
/// <param name="At">Seconds since the demo began.</param>
/// <param name="Who">The source: the world, LINSTOR, Kubernetes, a controller, or you.</param>
/// <param name="Text">The text.</param>
internal sealed record DemoLogLine(long Number, double At, string Who, string Text);

/// <summary>The demo's log in order; keeps the latest lines.</summary>
internal sealed class DemoLog
{
    public const string World = "the world";
    public const string You = "you";
    public const string Script = "scenario";
    public const string Linstor = "LINSTOR";
    public const string Kubernetes = "Kubernetes";

    private const int Memory = 400;

    private readonly Lock _gate = new();
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private ImmutableList<DemoLogLine> _lines = [];

    /// <summary>Raised for every line, one at a time.</summary>
    public event Action<DemoLogLine>? LineAdded;

    /// <summary>The time since the demo began.</summary>
    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_began);

    public ImmutableList<DemoLogLine> Lines => Volatile.Read(ref _lines);

    public void Add(string who, string text)
    {
        lock (_gate)
        {
            var line = new DemoLogLine((_lines.IsEmpty ? 0 : _lines[^1].Number) + 1, Math.Round(Elapsed.TotalSeconds, 2), who, text);
            Volatile.Write(ref _lines, (_lines.Count < Memory ? _lines : _lines.RemoveAt(0)).Add(line));
            LineAdded?.Invoke(line);
        }
    }
}
