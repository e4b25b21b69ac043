using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;

namespace Piraeus.HighAvailability.Controller.Tests.Leadership;

/// <summary>One Lease as the API server keeps it: every write makes a version, and only the newest one may be replaced.</summary>
internal sealed class CannedLease
{
    private readonly Lock _lock = new();
    private JsonObject? _lease;
    private int _version;

    /// <summary>Is asked before each request; null lets it pass.</summary>
    public Func<Call, Task?> Before { get; set; } = _ => null;

    /// <summary>What was written, in order.</summary>
    public List<JsonObject> Written { get; } = [];

    public JsonNode Spec => Written[^1]["spec"]!;

    public string? Holder => (string?)Spec["holderIdentity"];

    /// <summary>Another client writes the Lease.</summary>
    public void Put(string spec, string metadata = "{}")
    {
        lock (_lock)
        {
            _lease = new() { ["metadata"] = JsonNode.Parse(metadata), ["spec"] = JsonNode.Parse(spec) };
            _lease["metadata"]!["name"] = "controller";
            _lease["metadata"]!["resourceVersion"] = $"{++_version}";
        }
    }

    /// <summary>Another replica holds the Lease, and has just renewed it.</summary>
    public void HeldBy(string holder, int transitions = 3) => Put(
        $$"""{"holderIdentity":"{{holder}}","leaseDurationSeconds":15,"acquireTime":"2020-01-01T00:00:00.000000Z","renewTime":"2020-01-01T00:00:00.000000Z","leaseTransitions":{{transitions}} }""");

    public void Delete()
    {
        lock (_lock)
        {
            _lease = null;
        }
    }

    public Task AnswerAsync(Call call)
    {
        if (Before(call) is { } instead)
        {
            return instead;
        }

        lock (_lock)
        {
            return call.Method switch
            {
                "GET" => _lease is null ? call.RefuseAsync(404, "not found") : call.AnswerAsync(_lease.ToJsonString()),
                "POST" => _lease is null ? call.AnswerAsync(Keep(call), 201) : call.RefuseAsync(409, "already exists"),
                _ => _lease is null ? call.RefuseAsync(404, "not found")
                    : (string?)JsonNode.Parse(call.Body)!["metadata"]!["resourceVersion"] != $"{_version}" ? call.RefuseAsync(409, "the object has been modified")
                    : call.AnswerAsync(Keep(call)),
            };
        }
    }

    /// <summary>Takes the write on, as a server does whose answer is then lost.</summary>
    public void Apply(Call call)
    {
        lock (_lock)
        {
            Keep(call);
        }
    }

    private string Keep(Call call)
    {
        Written.Add(JsonNode.Parse(call.Body)!.AsObject());
        _lease = JsonNode.Parse(call.Body)!.AsObject();
        _lease["metadata"]!["resourceVersion"] = $"{++_version}";
        return _lease.ToJsonString();
    }
}
