using System.Text;
using Piraeus.HighAvailability.Controller.Net;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>A mapping of a kubeconfig file that knows where it stands, so that complaints can name file and entry.</summary>
internal sealed class KubeConfigEntry(string file, string place, YamlMappingNode values)
{
    /// <summary>The value of a key; what is missing, null or empty counts as not given.</summary>
    public string? Text(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode scalar => IsNull(scalar) ? null : scalar.Value,
        _ => throw Complaint($"{key} must be a single value"),
    };

    public string RequiredText(string key) => Text(key) ?? throw Complaint($"{key} is missing");

    public bool Flag(string key) => Text(key) switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw Complaint($"{key} must be true or false"),
    };

    public IReadOnlyList<string> Texts(string key) =>
        [.. Items(key).Select(item => item is YamlScalarNode { Value: { } text } ? text : throw Complaint($"{key} must be a list of single values"))];

    public KubeConfigEntry? Section(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode scalar when IsNull(scalar) => null,
        YamlMappingNode section => new KubeConfigEntry(file, $"{place}{key}: ", section),
        _ => throw Complaint($"{key} must be a mapping"),
    };

    public IEnumerable<KubeConfigEntry> Sections(string key) =>
        Items(key).Select(item => item is YamlMappingNode section ? new KubeConfigEntry(file, $"{place}{key}: ", section) : throw Complaint($"{key} must be a list of mappings"));

    /// <summary>The same values, seen as the cluster, user or context of that name.</summary>
    public KubeConfigEntry Named(string kind, string name) => new(file, $"{kind} \"{name}\": ", values);

    public KubeConfigEntry Empty() => new(file, place, []);

    /// <summary>PEM text under <c>key-data</c>, in base64, else in the file named under <c>key</c>; the data wins, as with kubectl.</summary>
    public OperatorText? Pem(string key) => (Text($"{key}-data"), Text(key)) switch
    {
        ({ } data, _) => OperatorText.Inline(Origin($"{key}-data"), Decode($"{key}-data", data)),
        (_, { } path) => File(key, path),
        _ => null,
    };

    public OperatorText File(string key, string path) => OperatorText.FromFile(Origin(key), Resolve(path));

    /// <summary>A relative path is meant from the folder of the file that names it.</summary>
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
        YamlScalarNode scalar when IsNull(scalar) => [],
        YamlSequenceNode items => items.Children,
        _ => throw Complaint($"{key} must be a list"),
    };

    private YamlNode? Find(string key) => values.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    private static bool IsNull(YamlScalarNode scalar) =>
        string.IsNullOrEmpty(scalar.Value) || (scalar.Style is ScalarStyle.Plain && scalar.Value is "null" or "~");
}
