using System.Globalization;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Services. They are only stored.</summary>
internal sealed class ServiceKind() : ApiKind<Service>("", "services", "Service", namespaced: true, "svc")
{
    public override bool InAll => true;

    public override bool ReturnsDeleted => true;

    protected override IReadOnlyList<Cell> Table { get; } =
    [
        NameCell,
        new("Type", (service, _) => service.Type),
        new("Cluster-IP", (service, _) => service.ClusterIP),
        new("External-IP", (_, _) => "<none>"),
        new("Port(s)", (service, _) => OrNone(string.Join(',', service.Ports.Select(port => $"{port.Port}/{port.Protocol}")))),
        AgeCell,
        new("Selector", (service, _) => OrNone(Selector.TextOf(service.Selector)), IsWide: true),
    ];

    protected override void Write(Service service, JsonObject json, WallClock wallClock)
    {
        json["spec"] = new JsonObject { ["clusterIP"] = service.ClusterIP, ["type"] = service.Type, ["sessionAffinity"] = "None" }
            .With("ports", Json.Array(service.Ports, Port))
            .With("selector", Json.Map(service.Selector));
        json["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
    }

    protected override Service Read(Metadata metadata, JsonObject json, Service? old, WallClock wallClock) => new(metadata, [.. json.Items("spec", "ports").Select(Port)])
    {
        Type = json.Text("spec", "type") is { Length: > 0 } type ? type : "ClusterIP",
        ClusterIP = json.Text("spec", "clusterIP") is { Length: > 0 } address ? address : "None",
        Selector = json.Map("spec", "selector"),
    };

    private static JsonObject Port(ServicePort port)
    {
        var json = new JsonObject().With("name", port.Name);
        json["protocol"] = port.Protocol;
        json["port"] = port.Port;
        json["targetPort"] = int.TryParse(port.Target, CultureInfo.InvariantCulture, out var number) ? number : port.Target;
        return json;
    }

    private static ServicePort Port(JsonNode? json)
    {
        var number = json.Number("port") ?? 0;
        var target = json.At("targetPort") is { } said ? said.ToString() : number.ToString(CultureInfo.InvariantCulture);
        return new(json.Text("name") ?? "", number, target, json.Text("protocol") ?? "TCP");
    }
}
