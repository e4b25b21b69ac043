using System.Text.Json;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>Resources on nodes as JSON of LINSTOR's API.</summary>
internal static class ResourceJson
{
    private static readonly DateTimeOffset _epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="report">Null: LINSTOR has no live data.</param>
    /// <param name="withVolumes">Whether to include volumes, as in the view; the plain resource has none.</param>
    public static void Write(Utf8JsonWriter json, DrbdReplica replica, ReplicaReport? report, bool withVolumes = false)
    {
        json.WriteStartObject();
        json.WriteString("name", replica.Definition.Name);
        json.WriteString("node_name", replica.Node.Name);
        json.WriteUnlessEmpty("props", replica.Kind == ReplicaKind.Diskful ? [new("StorPoolName", "thin")] : Array.Empty<KeyValuePair<string, string>>());
        json.WriteUnlessEmpty("flags", replica.Flags());
        json.WritePropertyName("layer_object");
        WriteLayer(json, replica, report, depth: 0);
        if (report is not null)
        {
            json.WriteStartObject("state");
            json.WriteIfKnown("in_use", report.InUse);
            json.WriteEndObject();
        }

        json.WriteString("uuid", replica.Uuid);
        json.WriteNumber("create_timestamp", (_epoch + replica.Created).ToUnixTimeMilliseconds());
        if (withVolumes)
        {
            json.WritePropertyName("volumes");
            json.WriteArray(Enumerable.Range(0, replica.Definition.Volumes), (_, number) => WriteVolume(json, replica, report, number));
        }

        json.WriteEndObject();
    }

    private static void WriteLayer(Utf8JsonWriter json, DrbdReplica replica, ReplicaReport? report, int depth)
    {
        var layers = replica.Definition.Layers;
        json.WriteStartObject();
        json.WriteString("type", layers[depth]);
        if (depth + 1 < layers.Length && replica.Kind == ReplicaKind.Diskful)
        {
            json.WriteStartArray("children");
            WriteLayer(json, replica, report, depth + 1);
            json.WriteEndArray();
        }

        switch (layers[depth])
        {
            case "DRBD":
                json.WritePropertyName("drbd");
                WriteDrbd(json, replica, report);
                break;
            case "STORAGE":
                json.WriteStartObject("storage");
                json.WritePropertyName("storage_volumes");
                json.WriteArray(Enumerable.Range(0, replica.Definition.Volumes), (_, number) => WriteStorageVolume(json, replica, number));
                json.WriteEndObject();
                break;
        }

        json.WriteEndObject();
    }

    private static void WriteDrbd(Utf8JsonWriter json, DrbdReplica replica, ReplicaReport? report)
    {
        json.WriteStartObject();
        json.WritePropertyName("drbd_resource_definition");
        DefinitionJson.WriteDrbd(json, replica.Definition);
        json.WriteNumber("node_id", replica.NodeId);
        json.WriteStartArray("tcp_ports");
        json.WriteNumberValue(7000 + replica.Definition.Ordinal);
        json.WriteEndArray();
        json.WriteNumber("peer_slots", 7);
        json.WriteNumber("al_stripes", 1);
        json.WriteNumber("al_size", 32);
        json.WriteUnlessEmpty("flags", replica.Kind == ReplicaKind.Diskful ? ["INITIALIZED"] : ["DISKLESS", "INITIALIZED"]);
        if (replica.Definition.Volumes > 0)
        {
            json.WritePropertyName("drbd_volumes");
            json.WriteArray(Enumerable.Range(0, replica.Definition.Volumes), (_, number) => WriteDrbdVolume(json, replica, number));
        }

        WriteConnections(json, report);
        json.WriteIfKnown("promotion_score", report?.PromotionScore);
        json.WriteIfKnown("may_promote", report?.MayPromote);
        json.WriteEndObject();
    }

    private static void WriteConnections(Utf8JsonWriter json, ReplicaReport? report)
    {
        if (report is not { Connections.Length: > 0 })
        {
            return;
        }

        json.WriteStartObject("connections");
        foreach (var (peer, message) in report.Connections)
        {
            json.WriteStartObject(peer);
            json.WriteBoolean("connected", message == "Connected");
            json.WriteString("message", message);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteDrbdVolume(Utf8JsonWriter json, DrbdReplica replica, int number)
    {
        json.WriteStartObject();
        json.WriteStartObject("drbd_volume_definition");
        json.WriteNumber("volume_number", number);
        json.WriteNumber("minor_number", MinorNumber(replica, number));
        json.WriteEndObject();
        json.WriteString("device_path", $"/dev/drbd{MinorNumber(replica, number)}");
        if (replica.Kind == ReplicaKind.Diskful)
        {
            json.WriteString("backing_device", BackingDevice(replica, number));
        }

        json.WriteNumber("allocated_size_kib", replica.Kind == ReplicaKind.Diskful ? 1052672 : 0);
        json.WriteNumber("usable_size_kib", 1048576);
        json.WriteEndObject();
    }

    private static void WriteStorageVolume(Utf8JsonWriter json, DrbdReplica replica, int number)
    {
        json.WriteStartObject();
        json.WriteNumber("volume_number", number);
        json.WriteString("device_path", BackingDevice(replica, number));
        json.WriteNumber("allocated_size_kib", 1052672);
        json.WriteNumber("usable_size_kib", 1052672);
        json.WriteEndObject();
    }

    private static void WriteVolume(Utf8JsonWriter json, DrbdReplica replica, ReplicaReport? report, int number)
    {
        json.WriteStartObject();
        json.WriteNumber("volume_number", number);
        json.WriteString("storage_pool_name", replica.Kind == ReplicaKind.Diskful ? "thin" : "DfltDisklessStorPool");
        json.WriteString("provider_kind", replica.Kind == ReplicaKind.Diskful ? "LVM_THIN" : "DISKLESS");
        json.WriteString("device_path", replica.Definition.IsDrbd ? $"/dev/drbd{MinorNumber(replica, number)}" : BackingDevice(replica, number));
        json.WriteNumber("allocated_size_kib", replica.Kind == ReplicaKind.Diskful ? 1052672 : 0);
        if (report is not null)
        {
            WriteVolumeState(json, report);
        }

        json.WriteString("uuid", replica.Uuid);
        json.WriteEndObject();
    }

    private static void WriteVolumeState(Utf8JsonWriter json, ReplicaReport report)
    {
        json.WriteStartObject("state");
        if (report.Disk is { } disk)
        {
            json.WriteString("disk_state", disk.ToString());
        }

        if (report.Connections.Where(connection => connection.Message == "Connected").ToList() is { Count: > 0 } established)
        {
            json.WriteStartObject("replication_states");
            foreach (var (peer, _) in established)
            {
                json.WriteStartObject(peer);
                json.WriteString("replication_state", "Established");
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static int MinorNumber(DrbdReplica replica, int number) => 1000 + (8 * replica.Definition.Ordinal) + number;

    private static string BackingDevice(DrbdReplica replica, int number) => $"/dev/vg/{replica.Definition.Name}_{number:D5}";
}
