using System.Text.Json;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>What a line of the controller's log is about. An <c>EventId</c> keeps its meaning in every version (docs/operations.md).</summary>
public enum LogEvent
{
    /// <summary>A request that changes the cluster is sent; the field <c>Decision</c> says which.</summary>
    Acting = 100,

    /// <summary>The same, in a dry run: it is not sent.</summary>
    DryRun = 101,

    /// <summary>Something is left alone; the field <c>Reason</c> says why.</summary>
    Held = 110,

    /// <summary>A failover waits for something for too long; the field <c>Phase</c> says for what.</summary>
    Stuck = 111,

    /// <summary>A failover has ended; the field <c>Phase</c> says how.</summary>
    FailoverEnded = 112,

    /// <summary>The last failover from a node has ended.</summary>
    IncidentEnded = 113,

    /// <summary>Too many nodes are lost at once.</summary>
    Storm = 114,

    /// <summary>A connection to the Kubernetes API is lost.</summary>
    ConnectionLost = 210,

    /// <summary>LINSTOR does not answer.</summary>
    LinstorSilent = 320,

    /// <summary>The Lease has another holder; the field <c>Leader</c> names it.</summary>
    LeaseHeld = 400,

    /// <summary>This replica has given the Lease up.</summary>
    LeaseGivenUp = 402,

    /// <summary>This replica cannot decide.</summary>
    CannotDecide = 410,
}

/// <summary>A line of the controller's log, as <c>--log-format=json</c> writes it.</summary>
/// <param name="Event">What it is about.</param>
/// <param name="Category">The class that wrote it.</param>
/// <param name="Message">The sentence.</param>
/// <param name="Fields">The named fields.</param>
public sealed record LogEntry(LogEvent Event, string Category, string Message, IReadOnlyDictionary<string, string> Fields)
{
    /// <summary>Reads a line; null if it is none of the log's.</summary>
    public static LogEntry? Parse(string line)
    {
        try
        {
            var entry = JsonNode.Parse(line)!;
            return new((LogEvent)(int)entry["EventId"]!, entry.Text("Category")!, entry.Text("Message")!, (entry["State"]?.AsObject() ?? []).ToDictionary(field => field.Key, field => $"{field.Value}"));
        }
        catch (JsonException)
        {
            return null; // a usage error, or the half of a line that is being written
        }
    }

    /// <summary>Whether the entry is of that kind and has these fields. A field with several values has each of them.</summary>
    public bool Is(LogEvent kind, params IEnumerable<(string Name, string Value)> fields) =>
        Event == kind && fields.All(field => Fields.GetValueOrDefault(field.Name)?.Split(", ").Contains(field.Value) == true);
}
