using System.Text;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Reads Kubernetes' protobuf as JSON: the kinds and fields that kubectl 1.33 sends in this format, with <c>kubectl create</c> for instance.</summary>
internal static class ProtobufBody
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    /// <summary>The fields of each message: number, name, and type. A type is another message, <c>text</c>, <c>int</c>, <c>flag</c>, <c>map</c> of texts, or <c>port</c>; <c>*</c> means repeated.</summary>
    private const string Schema =
        """
        ObjectMeta 1 name text, 2 generateName text, 3 namespace text, 5 uid text, 6 resourceVersion text, 11 labels map, 12 annotations map, 14 finalizers text*
        Namespace 1 metadata ObjectMeta
        Pod 1 metadata ObjectMeta, 2 spec PodSpec
        PodSpec 1 volumes Volume*, 2 containers Container*, 3 restartPolicy text, 4 terminationGracePeriodSeconds int, 7 nodeSelector map, 10 nodeName text, 11 hostNetwork flag, 12 hostPID flag, 13 hostIPC flag, 22 tolerations Toleration*
        Volume 1 name text, 2 source VolumeSource
        VolumeSource 10 persistentVolumeClaim ClaimSource
        ClaimSource 1 claimName text, 2 readOnly flag
        Container 1 name text, 2 image text, 3 command text*, 4 args text*, 6 ports ContainerPort*, 9 volumeMounts VolumeMount*, 14 imagePullPolicy text, 16 stdin flag, 18 tty flag, 20 terminationMessagePolicy text
        ContainerPort 1 name text, 2 hostPort int, 3 containerPort int, 4 protocol text
        VolumeMount 1 name text, 2 readOnly flag, 3 mountPath text
        Toleration 1 key text, 2 operator text, 3 value text, 4 effect text, 5 tolerationSeconds int
        Deployment 1 metadata ObjectMeta, 2 spec DeploymentSpec
        DeploymentSpec 1 replicas int, 2 selector LabelSelector, 3 template PodTemplateSpec
        LabelSelector 1 matchLabels map
        PodTemplateSpec 1 metadata ObjectMeta, 2 spec PodSpec
        Service 1 metadata ObjectMeta, 2 spec ServiceSpec
        ServiceSpec 1 ports ServicePort*, 2 selector map, 3 clusterIP text, 4 type text, 10 externalName text
        ServicePort 1 name text, 2 protocol text, 3 port int, 4 targetPort port, 5 nodePort int
        Eviction 1 metadata ObjectMeta, 2 deleteOptions DeleteOptions
        DeleteOptions 1 gracePeriodSeconds int, 2 preconditions Preconditions, 3 orphanDependents flag, 4 propagationPolicy text, 5 dryRun text*
        Preconditions 1 uid text, 2 resourceVersion text
        SelfSubjectAccessReview 1 metadata ObjectMeta, 2 spec AccessSpec
        AccessSpec 1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes PathAttributes
        ResourceAttributes 1 namespace text, 2 verb text, 3 group text, 4 version text, 5 resource text, 6 subresource text, 7 name text
        PathAttributes 1 path text, 2 verb text
        SelfSubjectRulesReview 1 metadata ObjectMeta, 2 spec RulesSpec
        RulesSpec 1 namespace text
        SelfSubjectReview 1 metadata ObjectMeta
        Envelope 1 type TypeMeta, 2 raw bytes
        TypeMeta 1 apiVersion text, 2 kind text
        """;

    private static readonly Dictionary<string, Dictionary<int, Field>> _messages = Schema.Split('\n').Select(line => line.Split(' ', 2)).ToDictionary(
        line => line[0],
        line => line[1].Split(", ").Select(field => field.Split(' ')).ToDictionary(
            field => int.Parse(field[0], System.Globalization.CultureInfo.InvariantCulture), field => new Field(field[1], field[2].TrimEnd('*'), field[2].EndsWith('*'))),
        StringComparer.Ordinal);

    private sealed record Field(string Name, string Type, bool IsRepeated);

    /// <exception cref="ApiException">It is not protobuf, or of a kind that is only read as JSON.</exception>
    public static JsonObject Read(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith("k8s\0"u8))
        {
            throw ApiException.UnsupportedMediaType("application/json");
        }

        var raw = ReadOnlySpan<byte>.Empty;
        var type = new JsonObject();
        for (var reader = new ProtobufReader(body[4..]); reader.Next();)
        {
            if (reader.Number == 1)
            {
                type = Message("TypeMeta", reader.Bytes);
            }
            else if (reader.Number == 2)
            {
                raw = reader.Bytes;
            }
        }

        var kind = type.Text("kind") ?? "";
        if (!_messages.ContainsKey(kind))
        {
            throw ApiException.UnsupportedMediaType($"application/json; protobuf of kind {kind} is not simulated");
        }

        var json = Message(kind, raw);
        (json["kind"], json["apiVersion"]) = (kind, type.Text("apiVersion"));
        return json;
    }

    private static JsonObject Message(string name, ReadOnlySpan<byte> bytes)
    {
        var (json, fields) = (new JsonObject(), _messages[name]);
        for (var reader = new ProtobufReader(bytes); reader.Next();)
        {
            if (!fields.TryGetValue(reader.Number, out var field))
            {
                continue;
            }

            if (field.Type == "map")
            {
                var entry = new ProtobufEntry(reader.Bytes);
                (json[field.Name] ??= new JsonObject())[entry.Key] = entry.Value;
            }
            else if (field.Name == "source")
            {
                // A volume's source is inlined in JSON.
                foreach (var (source, value) in Message(field.Type, reader.Bytes))
                {
                    json[source] = value?.DeepClone();
                }
            }
            else if (Value(field.Type, reader) is var value && field.IsRepeated)
            {
                ((JsonArray)(json[field.Name] ??= new JsonArray())).Add(value);
            }
            else
            {
                json.With(field.Name, value);
            }
        }

        return json;
    }

    private static JsonNode? Value(string type, ProtobufReader reader) => type switch
    {
        "text" => Encoding.UTF8.GetString(reader.Bytes),
        "int" => (long)reader.Varint,
        "flag" => reader.Varint != 0 ? true : null,
        "port" => Port(reader.Bytes),
        _ => Message(type, reader.Bytes),
    };

    /// <summary>A number or a name: the first field says which.</summary>
    private static JsonNode? Port(ReadOnlySpan<byte> bytes)
    {
        JsonNode? port = null;
        for (var reader = new ProtobufReader(bytes); reader.Next();)
        {
            port = reader.Number switch { 2 when reader.Varint > 0 => (long)reader.Varint, 3 when reader.Bytes.Length > 0 => Encoding.UTF8.GetString(reader.Bytes), _ => port };
        }

        return port;
    }
}
