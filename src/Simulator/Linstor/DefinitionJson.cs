using System.Text.Json;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>Resource definitions and groups as JSON of LINSTOR's API.</summary>
internal static class DefinitionJson
{
    public static void Write(Utf8JsonWriter json, ResourceDefinition definition, bool withVolumes)
    {
        json.WriteStartObject();
        json.WriteString("name", definition.Name);
        json.WriteUnlessEmpty("props", definition.Properties);
        json.WriteUnlessEmpty("flags", definition.Deleting ? ["DELETE"] : []);
        json.WritePropertyName("layer_data");
        json.WriteArray(definition.Layers, (_, layer) => WriteLayer(json, definition, layer));
        json.WriteString("uuid", definition.Uuid);
        json.WriteString("resource_group_name", definition.Group.Name);
        if (withVolumes && definition.Volumes > 0)
        {
            json.WritePropertyName("volume_definitions");
            json.WriteArray(Enumerable.Range(0, definition.Volumes), (_, number) => WriteVolume(json, definition, number));
        }

        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, ResourceGroup group)
    {
        json.WriteStartObject();
        json.WriteString("name", group.Name);
        json.WriteUnlessEmpty("props", group.Properties);
        json.WriteString("uuid", group.Uuid);
        json.WriteEndObject();
    }

    /// <summary>The DRBD part that a definition and each of its resources share.</summary>
    public static void WriteDrbd(Utf8JsonWriter json, ResourceDefinition definition)
    {
        json.WriteStartObject();
        json.WriteNumber("peer_slots", 7);
        json.WriteNumber("al_stripes", 1);
        json.WriteNumber("al_stripe_size_kib", 32);
        json.WriteNumber("port", -1);
        json.WriteString("transport_type", "IP");
        json.WriteString("secret", Secret(definition));
        json.WriteBoolean("down", false);
        json.WriteEndObject();
    }

    /// <summary>As in LINSTOR, DRBD's shared secret is in these answers. A client that logs them leaks it.</summary>
    public static string Secret(ResourceDefinition definition) => $"secret-of-{definition.Name}";

    private static void WriteLayer(Utf8JsonWriter json, ResourceDefinition definition, string layer)
    {
        json.WriteStartObject();
        json.WriteString("type", layer);
        if (layer == "DRBD")
        {
            json.WritePropertyName("data");
            WriteDrbd(json, definition);
        }

        json.WriteEndObject();
    }

    private static void WriteVolume(Utf8JsonWriter json, ResourceDefinition definition, int number)
    {
        json.WriteStartObject();
        json.WriteNumber("volume_number", number);
        json.WriteNumber("size_kib", 1048576);
        json.WriteString("uuid", definition.Uuid);
        json.WriteEndObject();
    }
}
