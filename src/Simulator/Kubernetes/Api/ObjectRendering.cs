using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The representation that a client requests.</summary>
internal enum Representation
{
    Whole,
    Metadata,
    Table,
}

/// <summary>Writes objects into an answer.</summary>
internal sealed class ObjectRendering(ApiKind kind, Representation representation, string include, WallClock wallClock)
{
    private const string MetaGroup = "meta.k8s.io";

    /// <summary>Reads a request's Accept header.</summary>
    public static ObjectRendering Of(HttpRequest request, ApiKind kind, WallClock wallClock, bool isList)
    {
        var accept = request.Headers.Accept.ToString();
        foreach (var media in (accept.Length == 0 ? "*/*" : accept).Split(',', StringSplitOptions.TrimEntries))
        {
            var parts = media.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] is not ("application/json" or "application/*" or "*/*"))
            {
                continue;
            }

            var parameters = parts[1..].Select(part => part.Split('=', 2)).Where(pair => pair.Length == 2).ToLookup(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
            if (parameters["as"].FirstOrDefault() is not { } wanted)
            {
                return new(kind, Representation.Whole, "", wallClock);
            }

            if (parameters["g"].FirstOrDefault() != MetaGroup || parameters["v"].FirstOrDefault() != "v1")
            {
                continue;
            }

            return wanted switch
            {
                "Table" => new(kind, Representation.Table, request.Query["includeObject"].ToString(), wallClock),
                "PartialObjectMetadata" when isList => throw ApiException.NotAcceptable($"you requested PartialObjectMetadata, but the requested object is a list (*core.{kind.Name}List)"),
                "PartialObjectMetadata" => new(kind, Representation.Metadata, "", wallClock),
                "PartialObjectMetadataList" when isList => new(kind, Representation.Metadata, "", wallClock),
                "PartialObjectMetadataList" => throw ApiException.NotAcceptable($"you requested PartialObjectMetadataList, but the requested object is not a list (*core.{kind.Name})"),
                _ => throw ApiException.NotAcceptable("406: Not Acceptable"),
            };
        }

        throw ApiException.NotAcceptable("only the following media types are accepted: application/json");
    }

    /// <summary>One object.</summary>
    public void Write(Utf8JsonWriter json, KubernetesObject item)
    {
        switch (representation)
        {
            case Representation.Table:
                WriteTable(json, [item], new() { ["resourceVersion"] = MetadataJson.Version(item.Metadata.Version) });
                break;
            case Representation.Metadata:
                MetadataOnly(item).WriteTo(json);
                break;
            default:
                WriteWhole(json, item, withType: true);
                break;
        }
    }

    /// <summary>A list.</summary>
    public void Write(Utf8JsonWriter json, IReadOnlyCollection<KubernetesObject> items, JsonObject metadata)
    {
        if (representation is Representation.Table)
        {
            WriteTable(json, items, metadata);
            return;
        }

        json.WriteStartObject();
        json.WriteString("kind", representation is Representation.Metadata ? "PartialObjectMetadataList" : $"{kind.Name}List");
        json.WriteString("apiVersion", representation is Representation.Metadata ? $"{MetaGroup}/v1" : kind.ApiVersion);
        json.WritePropertyName("metadata");
        metadata.WriteTo(json);
        json.WriteStartArray("items");
        foreach (var item in items)
        {
            if (representation is Representation.Metadata)
            {
                MetadataOnly(item).WriteTo(json);
            }
            else
            {
                WriteWhole(json, item, withType: false);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The object of a bookmark, which has only a version.</summary>
    public void WriteBookmark(Utf8JsonWriter json, long version, bool endsList)
    {
        var (name, apiVersion) = representation switch
        {
            Representation.Metadata => ("PartialObjectMetadata", $"{MetaGroup}/v1"),
            Representation.Table => ("Table", $"{MetaGroup}/v1"),
            _ => (kind.Name, kind.ApiVersion),
        };
        var metadata = new JsonObject { ["resourceVersion"] = MetadataJson.Version(version), ["creationTimestamp"] = null };
        if (endsList)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }

        new JsonObject { ["kind"] = name, ["apiVersion"] = apiVersion, ["metadata"] = metadata }.WriteTo(json);
    }

    private JsonObject MetadataOnly(KubernetesObject item) => new() { ["kind"] = "PartialObjectMetadata", ["apiVersion"] = $"{MetaGroup}/v1", ["metadata"] = MetadataJson.Write(item, wallClock) };

    private void WriteWhole(Utf8JsonWriter json, KubernetesObject item, bool withType)
    {
        var bytes = kind.Bytes(item, wallClock);
        if (withType)
        {
            bytes = [.. "{\"kind\":\""u8, .. System.Text.Encoding.UTF8.GetBytes($"{kind.Name}\",\"apiVersion\":\"{kind.ApiVersion}\","), .. bytes.AsSpan(1)];
        }

        json.WriteRawValue(bytes, skipInputValidation: true);
    }

    private void WriteTable(Utf8JsonWriter json, IReadOnlyCollection<KubernetesObject> items, JsonObject metadata)
    {
        json.WriteStartObject();
        json.WriteString("kind", "Table");
        json.WriteString("apiVersion", $"{MetaGroup}/v1");
        json.WritePropertyName("metadata");
        metadata.WriteTo(json);
        json.WritePropertyName("columnDefinitions");
        Json.Array(kind.Columns, column => new JsonObject
        {
            ["name"] = column.Name,
            ["type"] = column.Type,
            ["format"] = column.Format,
            ["description"] = column.Name,
            ["priority"] = column.IsWide ? 1 : 0,
        }).WriteTo(json);
        json.WriteStartArray("rows");
        foreach (var item in items)
        {
            WriteRow(json, item);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteRow(Utf8JsonWriter json, KubernetesObject item)
    {
        json.WriteStartObject();
        json.WritePropertyName("cells");
        Json.Array(kind.Cells(item, wallClock), cell => cell).WriteTo(json);
        if (include != "None")
        {
            json.WritePropertyName("object");
            if (include == "Object")
            {
                WriteWhole(json, item, withType: true);
            }
            else
            {
                MetadataOnly(item).WriteTo(json);
            }
        }

        json.WriteEndObject();
    }
}
