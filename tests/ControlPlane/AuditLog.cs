using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>A write that the API server answered: reliable evidence of which client did what.</summary>
public sealed record Audited(
    string User, string Verb, string Resource, string? Subresource, string Namespace, string Name, int Code, DateTimeOffset Received, DateTimeOffset At, JsonNode? Body)
{
    public bool Succeeded => Code is >= 200 and < 300;

    /// <summary>The grace period that a deletion requested.</summary>
    public int? GraceSeconds => Body?["gracePeriodSeconds"]?.GetValue<int>();

    /// <summary>The uid precondition of a deletion.</summary>
    public string? PreconditionUid => Body?.Text("preconditions", "uid");

    public override string ToString() => $"{At:HH:mm:ss.fff} {User} {Verb} {Resource}{(Subresource is null ? "" : "/" + Subresource)} {Namespace}/{Name}: {Code}";
}

/// <summary>Reads the API server's audit log, which holds every write except those of leases and events.</summary>
public sealed class AuditLog(string path)
{
    /// <summary>One line per write, logged after the answer, with the request body.</summary>
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

    /// <summary>The current length, from which to read on later.</summary>
    public long Length => File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <param name="from">The log length from which to read.</param>
    public IReadOnlyList<Audited> Writes(long from = 0)
    {
        if (!File.Exists(path))
        {
            return [];
        }
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        reader.BaseStream.Position = from;
        var lines = reader.ReadToEnd().Split('\n');
        // Text after the last newline is still being written.
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
