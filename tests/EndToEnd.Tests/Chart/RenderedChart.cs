using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Chart;

/// <summary>The Helm chart, rendered without Helm.</summary>
internal static class RenderedChart
{
    public static string Folder => Repository.File("charts/piraeus-ha-controller");

    /// <summary>The objects of the chart with these options of <c>eng/chart.sh</c>, by kind and name.</summary>
    public static async Task<Dictionary<string, JsonNode>> ObjectsAsync(params string[] options) => Objects(await ExternalProgram.OutputAsync(Repository.File("eng/chart.sh"), options));

    /// <summary>The objects of a manifest, by kind and name.</summary>
    public static Dictionary<string, JsonNode> Objects(string manifest) =>
        Documents(manifest).ToDictionary(found => $"{found["kind"]}/{found["metadata"]!["name"]}");

    /// <summary>The documents of a YAML stream as JSON.</summary>
    public static IEnumerable<JsonNode> Documents(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return stream.Documents.Select(document => Json(document.RootNode)!);
    }

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(entry => KeyValuePair.Create(((YamlScalarNode)entry.Key).Value!, Json(entry.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Json)]),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "" or "null" or "~" } => null,
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "true" or "false" } flag => flag.Value == "true",
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain } number when long.TryParse(number.Value, out var value) => value,
        YamlScalarNode text => text.Value,
        _ => throw new InvalidDataException($"{node.GetType().Name} is not expected here"),
    };
}
