using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>A write that the API server answered: the best witness of who did what.</summary>
public sealed record Audited(
    string User, string Verb, string Resource, string? Subresource, string Namespace, string Name, int Code, DateTimeOffset Received, DateTimeOffset At, JsonNode? Body)
{
    public bool Succeeded => Code is >= 200 and < 300;

    /// <summary>The grace that a deletion asked for.</summary>
    public int? GraceSeconds => Body?["gracePeriodSeconds"]?.GetValue<int>();

    /// <summary>The uid that a deletion insisted on.</summary>
    public string? PreconditionUid => Body?.Text("preconditions", "uid");

    public override string ToString() => $"{At:HH:mm:ss.fff} {User} {Verb} {Resource}{(Subresource is null ? "" : "/" + Subresource)} {Namespace}/{Name}: {Code}";
}

/// <summary>Reads the API server's audit log, which holds every write but those of leases and events.</summary>
public sealed class AuditLog(string path)
{
    /// <summary>One line per write, after it was answered, with the body that was sent.</summary>
    public const string Policy = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived, ResponseStarted]
        rules:
        - level: None
          resources:
          - group: coordination.k8s.io
          - group: ""
            resources: [events]
          - group: events.k8s.io
        - level: Metadata
          resources:
          - group: ""
            resources: [serviceaccounts/token]
        - level: Request
          verbs: [create, update, patch, delete, deletecollection]
        - level: None
        """;

    /// <summary>How much there is now, to read on from later.</summary>
    public long Length => File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <param name="from">The length of the log after which to begin.</param>
    public IReadOnlyList<Audited> Writes(long from = 0)
    {
        if (!File.Exists(path))
        {
            return [];
        }
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        reader.BaseStream.Position = from;
        var lines = reader.ReadToEnd().Split('\n');
        // What follows the last newline is still being written.
        return [.. lines.SkipLast(1).Select(line => Read(JsonNode.Parse(line)!))];
    }

    public IReadOnlyList<Audited> Deletes() => [.. Writes().Where(write => write.Verb is "delete" or "deletecollection")];

    /// <summary>The successful deletions of a kind ("pods", "volumeattachments") by a user.</summary>
    public IReadOnlyList<Audited> Deletes(string resource, ApiIdentity by) =>
        [.. Deletes().Where(delete => delete.Succeeded && delete.Resource == resource && delete.User == by.User)];

    private static Audited Read(JsonNode line) => new(
        line.Text("user", "username") ?? "",
        line.Text("verb") ?? "",
        line.Text("objectRef", "resource") ?? "",
        line.Text("objectRef", "subresource"),
        line.Text("objectRef", "namespace") ?? "",
        line.Text("objectRef", "name") ?? "",
        line["responseStatus"]?["code"]?.GetValue<int>() ?? 0,
        Instant(line, "requestReceivedTimestamp"),
        Instant(line, "stageTimestamp"),
        line["requestObject"]);

    private static DateTimeOffset Instant(JsonNode line, string field) => DateTimeOffset.Parse(line.Text(field)!, System.Globalization.CultureInfo.InvariantCulture);
}
