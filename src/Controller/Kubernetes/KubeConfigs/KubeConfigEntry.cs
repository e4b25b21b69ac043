using System.Text;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Transport;
using YamlDotNet.RepresentationModel;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>A mapping of a kubeconfig file that knows its position, so that error messages can name file and entry.</summary>
/// <remarks>Types are as strict as kubectl's, which refuses a number where text belongs: a token of digits has to be quoted.</remarks>
internal sealed class KubeConfigEntry(string file, string place, YamlMappingNode values)
{
    /// <summary>The text of a key; a missing, null or empty value counts as not given.</summary>
    public string? Text(string key) => Find(key) is { } node && TextOf(node, $"{key} must be") is { Length: > 0 } text ? text : null;

    public string RequiredText(string key) => Text(key) ?? throw Complaint($"{key} is missing");

    public bool Flag(string key) => Find(key) switch
    {
        null => false,
        YamlScalarNode scalar when YamlScalars.KindOf(scalar) is var kind && kind is ScalarKind.Boolean or ScalarKind.Null => kind == ScalarKind.Boolean && YamlScalars.IsTrue(scalar),
        _ => throw Complaint($"{key} must be true or false, without quotes"),
    };

    public IReadOnlyList<string> Texts(string key) => [.. Items(key).Select(item => TextOf(item, $"{key} must be a list of texts; each must be") ?? "")];

    /// <summary>A mapping whose values are lists of texts.</summary>
    public IReadOnlyList<(string Key, IReadOnlyList<string> Values)> TextLists(string key) =>
        Section(key) is { } section ? [.. section.Keys().Select(name => (name, section.Texts(name)))] : [];

    public KubeConfigEntry? Section(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode scalar when YamlScalars.KindOf(scalar) == ScalarKind.Null => null,
        YamlMappingNode section => new KubeConfigEntry(file, $"{place}{key}: ", section),
        _ => throw Complaint($"{key} must be a mapping"),
    };

    public IEnumerable<KubeConfigEntry> Sections(string key) =>
        Items(key).Select(item => item is YamlMappingNode section ? new KubeConfigEntry(file, $"{place}{key}: ", section) : throw Complaint($"{key} must be a list of mappings"));

    /// <summary>The same values, seen as the cluster, user or context of that name.</summary>
    public KubeConfigEntry Named(string kind, string name) => new(file, $"{kind} \"{name}\": ", values);

    public KubeConfigEntry Empty() => new(file, place, []);

    /// <summary>PEM text under <c>key-data</c>, in base64, or in the file named under <c>key</c>.</summary>
    public ConfigSource? Pem(string key) => (Text($"{key}-data"), Text(key)) switch
    {
        (not null, not null) => throw Complaint($"{key} and {key}-data are both given; only one of them may be"),
        ({ } data, _) => ConfigSource.Inline(Origin($"{key}-data"), Decode($"{key}-data", data)),
        (_, { } path) => File(key, path),
        _ => null,
    };

    public ConfigSource File(string key, string path) => ConfigSource.FromFile(Origin(key), Resolve(path));

    /// <summary>A relative path is relative to the folder of the file that contains it.</summary>
    public string Resolve(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, path);

    public string Origin(string key) => $"kubeconfig {file}: {place}{key}";

    public SettingsException Complaint(string what) => new($"kubeconfig {file}: {place}{what}");

    private string Decode(string key, string data)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(data));
        }
        catch (FormatException)
        {
            throw Complaint($"{key} is not valid base64");
        }
    }

    private IEnumerable<YamlNode> Items(string key) => Find(key) switch
    {
        null => [],
        YamlScalarNode scalar when YamlScalars.KindOf(scalar) == ScalarKind.Null => [],
        YamlSequenceNode items => items.Children,
        _ => throw Complaint($"{key} must be a list"),
    };

    // The value is not repeated: it may be a secret.
    private string? TextOf(YamlNode node, string mustBe) => node is not YamlScalarNode scalar ? throw Complaint($"{mustBe} a single value") : YamlScalars.KindOf(scalar) switch
    {
        ScalarKind.Null => null,
        ScalarKind.Text => YamlScalars.Text(scalar) ?? throw Complaint($"{mustBe} text, and this is not valid base64"),
        ScalarKind.Boolean => throw Complaint($"{mustBe} text, and YAML reads this as true or false: put it in quotes"),
        _ => throw Complaint($"{mustBe} text, and YAML reads this as a number: put it in quotes"),
    };

    private IEnumerable<string> Keys() => Layers(values, []).SelectMany(layer => layer.Children.Keys).OfType<YamlScalarNode>()
        .Where(key => !YamlScalars.IsMerge(key)).Select(key => key.Value!).Distinct();

    private YamlNode? Find(string key)
    {
        foreach (var layer in Layers(values, []))
        {
            if (layer.Children.TryGetValue(new YamlScalarNode(key), out var value))
            {
                return value;
            }
        }

        return null;
    }

    // A mapping and those that it merges in with <<, in the order in which a key is looked up.
    private IEnumerable<YamlMappingNode> Layers(YamlMappingNode mapping, HashSet<YamlMappingNode> seen)
    {
        if (!seen.Add(mapping))
        {
            return [];
        }

        IEnumerable<YamlNode> merged = mapping.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode key && YamlScalars.IsMerge(key)).Value switch
        {
            null => [],
            YamlSequenceNode several => several.Children,
            var one => [one],
        };
        return merged.SelectMany(node => node is YamlMappingNode inner ? Layers(inner, seen) : throw Complaint("<< must name a mapping, or a list of mappings")).Prepend(mapping);
    }
}
