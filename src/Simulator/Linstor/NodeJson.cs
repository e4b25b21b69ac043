using System.Text.Json;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>Nodes as JSON of LINSTOR's API and its event stream.</summary>
internal static class NodeJson
{
    public static byte[] Of(NodeEvent changed) => Json.Write(json =>
    {
        json.WriteStartObject();
        if (changed.Before is { } before)
        {
            json.WritePropertyName("old_node");
            Write(json, before);
        }

        json.WritePropertyName(changed.Before is null ? "node" : "new_node");
        Write(json, changed.Node);
        json.WriteEndObject();
    });

    public static void Write(Utf8JsonWriter json, NodeDescription node)
    {
        json.WriteStartObject();
        json.WriteString("name", node.Name);
        json.WriteString("type", "SATELLITE");
        json.WriteUnlessEmpty("flags", node.Flags);
        json.WriteUnlessEmpty("props", node.Properties);
        json.WriteStartArray("net_interfaces");
        json.WriteStartObject();
        json.WriteString("name", "default");
        json.WriteString("address", node.Address);
        json.WriteNumber("satellite_port", 3366);
        json.WriteString("satellite_encryption_type", "PLAIN");
        json.WriteBoolean("is_active", true);
        json.WriteString("uuid", node.Uuid);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("connection_status", Word(node.Status));
        json.WriteString("uuid", node.Uuid);
        json.WriteUnlessEmpty("storage_providers", ["DISKLESS", "LVM_THIN"]);
        json.WriteUnlessEmpty("resource_layers", ["DRBD", "LUKS", "STORAGE"]);
        json.WriteString("platform", "Linux");
        json.WriteEndObject();
    }

    private static string Word(ConnectionStatus status) => status switch
    {
        ConnectionStatus.Online => "ONLINE",
        ConnectionStatus.Connected => "CONNECTED",
        _ => "OFFLINE",
    };
}
