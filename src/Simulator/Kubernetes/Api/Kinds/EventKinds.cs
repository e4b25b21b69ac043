using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Events, which exist in two groups with different field names.</summary>
internal abstract class EventKind(string group) : ApiKind<Event>(group, "events", "Event", namespaced: true, "ev")
{
    public sealed override bool AllowsCreateOnUpdate => true;

    /// <summary>An Event has different fields in each group.</summary>
    protected sealed override bool StoresUnsimulatedFields => false;

    protected override IReadOnlyList<Cell> Table { get; } =
    [
        new("Last Seen", (happened, wallClock) => wallClock.Age(happened.Last)),
        new("Type", (happened, _) => happened.Type),
        new("Reason", (happened, _) => happened.Reason),
        new("Object", (happened, _) => $"{happened.About.Kind.ToLowerInvariant()}/{happened.About.Name}"),
        new("Subobject", (_, _) => "", IsWide: true),
        new("Source", (happened, _) => happened.Component, IsWide: true),
        new("Message", (happened, _) => happened.Message.Trim()),
        new("First Seen", (happened, wallClock) => wallClock.Age(happened.First), IsWide: true),
        new("Count", (happened, _) => happened.Count, IsWide: true),
        NameCell with { IsWide = true },
    ];

    protected sealed override Func<Event, string?>? FieldOf(string field) => (field.StartsWith("regarding.", StringComparison.Ordinal) ? $"involvedObject.{field["regarding.".Length..]}" : field) switch
    {
        "involvedObject.kind" => happened => happened.About.Kind,
        "involvedObject.namespace" => happened => happened.About.Namespace,
        "involvedObject.name" => happened => happened.About.Name,
        "involvedObject.uid" => happened => happened.About.Uid,
        "involvedObject.apiVersion" => happened => happened.About.ApiVersion,
        "involvedObject.resourceVersion" or "involvedObject.fieldPath" => _ => "",
        "reason" => happened => happened.Reason,
        "reportingComponent" or "reportingController" or "source" => happened => happened.Component,
        "type" => happened => happened.Type,
        _ => null,
    };

    protected static JsonObject Target(EventTarget about) => new JsonObject()
        .With("kind", about.Kind).With("namespace", about.Namespace).With("name", about.Name).With("uid", about.Uid).With("apiVersion", about.ApiVersion);

    /// <summary>An event's object, which must be in the event's namespace.</summary>
    protected EventTarget Target(JsonNode? json, Metadata metadata, string field)
    {
        var about = new EventTarget(json.Text("apiVersion") ?? "", json.Text("kind") ?? "", json.Text("namespace") ?? "", json.Text("name") ?? "", json.Text("uid") ?? "");
        var fits = about.Namespace.Length == 0 ? metadata.Namespace is "default" or "kube-system" : about.Namespace == metadata.Namespace;
        return fits ? about : throw ApiException.Invalid(this, metadata.Name, $"{field}.namespace", $"Invalid value: \"{about.Namespace}\": does not match event.namespace");
    }
}

/// <summary>Events with the field names of the core group.</summary>
internal sealed class CoreEventKind() : EventKind("")
{
    protected override void Write(Event happened, JsonObject json, WallClock wallClock)
    {
        json["involvedObject"] = Target(happened.About);
        json["reason"] = happened.Reason;
        json["message"] = happened.Message;
        json["source"] = new JsonObject().With("component", happened.Component);
        json["firstTimestamp"] = WallClock.Text(happened.First);
        json["lastTimestamp"] = WallClock.Text(happened.Last);
        json["count"] = happened.Count;
        json["type"] = happened.Type;
        json["eventTime"] = null;
        json["reportingComponent"] = happened.Component;
        json["reportingInstance"] = "";
    }

    protected override Event Read(Metadata metadata, JsonObject json, Event? old, WallClock wallClock)
    {
        var first = WallClock.Date(json, "firstTimestamp") ?? WallClock.Date(json, "eventTime") ?? old?.First ?? wallClock.Now;
        return new(metadata, Target(json["involvedObject"], metadata, "involvedObject"), json.Text("type") ?? "", json.Text("reason") ?? "", json.Text("message") ?? "")
        {
            Component = json.Text("source", "component") ?? json.Text("reportingComponent") ?? "",
            Count = json.Number("count") ?? json.Number("series", "count") ?? 1,
            First = first,
            Last = WallClock.Date(json, "lastTimestamp") ?? WallClock.Date(json, "series", "lastObservedTime") ?? first,
        };
    }
}

/// <summary>Events with the field names of their own group.</summary>
internal sealed class NewEventKind() : EventKind("events.k8s.io")
{
    protected override void Write(Event happened, JsonObject json, WallClock wallClock)
    {
        json["eventTime"] = WallClock.Micro(happened.First);
        json["reportingController"] = happened.Component;
        json["reason"] = happened.Reason;
        json["regarding"] = Target(happened.About);
        json["note"] = happened.Message;
        json["type"] = happened.Type;
        json["deprecatedSource"] = new JsonObject().With("component", happened.Component);
        json["deprecatedFirstTimestamp"] = WallClock.Text(happened.First);
        json["deprecatedLastTimestamp"] = WallClock.Text(happened.Last);
        json["deprecatedCount"] = happened.Count;
    }

    protected override Event Read(Metadata metadata, JsonObject json, Event? old, WallClock wallClock)
    {
        var first = WallClock.Date(json, "eventTime") ?? throw ApiException.Invalid(this, metadata.Name, "eventTime", "Required value", "FieldValueRequired");
        return new(metadata, Target(json["regarding"], metadata, "regarding"), json.Text("type") ?? "", json.Text("reason") ?? "", json.Text("note") ?? "")
        {
            Component = json.Text("reportingController") ?? "",
            Count = json.Number("series", "count") ?? json.Number("deprecatedCount") ?? 1,
            First = first,
            Last = WallClock.Date(json, "series", "lastObservedTime") ?? WallClock.Date(json, "deprecatedLastTimestamp") ?? first,
        };
    }
}
