using Piraeus.HighAvailability.Controller.Net;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>One kubeconfig file: its named clusters, users and contexts, each still as it was written.</summary>
internal sealed record KubeConfigFile(
    string? CurrentContext,
    IReadOnlyDictionary<string, KubeConfigEntry> Contexts,
    IReadOnlyDictionary<string, KubeConfigEntry> Clusters,
    IReadOnlyDictionary<string, KubeConfigEntry> Users)
{
    public static KubeConfigFile Read(string path)
    {
        var root = Parse(path, OperatorText.FromFile("kubeconfig", path).Read());
        return new KubeConfigFile(root.Text("current-context"), Named(root, "context"), Named(root, "cluster"), Named(root, "user"));
    }

    // The representation model and not the deserializer, because that one reflects and would not survive trimming.
    private static KubeConfigEntry Parse(string path, string text)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException problem)
        {
            throw new SettingsException($"kubeconfig {path}: not valid YAML at line {problem.Start.Line}, column {problem.Start.Column}");
        }

        var root = yaml.Documents.FirstOrDefault()?.RootNode;
        return root switch
        {
            YamlMappingNode values => new KubeConfigEntry(path, "", values),
            null => throw new SettingsException($"kubeconfig {path}: the file is empty"),
            _ => throw new SettingsException($"kubeconfig {path}: not a kubeconfig, which is a mapping at its top"),
        };
    }

    /// <summary>A list of <c>{name: …, user: {…}}</c>, under the plural of its kind.</summary>
    private static Dictionary<string, KubeConfigEntry> Named(KubeConfigEntry root, string kind)
    {
        var entries = new Dictionary<string, KubeConfigEntry>(StringComparer.Ordinal);
        foreach (var item in root.Sections($"{kind}s"))
        {
            var name = item.RequiredText("name");
            var entry = item.Section(kind) ?? item.Empty();
            if (!entries.TryAdd(name, entry.Named(kind, name)))
            {
                throw root.Complaint($"{kind} \"{name}\" is defined twice");
            }
        }

        return entries;
    }
}
