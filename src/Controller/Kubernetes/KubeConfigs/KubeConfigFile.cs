using System.Text.RegularExpressions;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Transport;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>One kubeconfig file: its named clusters, users and contexts, each still as it was written.</summary>
internal sealed partial record KubeConfigFile(
    string? CurrentContext,
    IReadOnlyDictionary<string, KubeConfigEntry> Contexts,
    IReadOnlyDictionary<string, KubeConfigEntry> Clusters,
    IReadOnlyDictionary<string, KubeConfigEntry> Users)
{
    public static KubeConfigFile Read(string path)
    {
        var root = Parse(path, ConfigSource.FromFile("kubeconfig", path).Read());
        if ((root.Text("apiVersion") ?? "v1", root.Text("kind") ?? "Config") is not ("v1", "Config"))
        {
            throw root.Complaint("not a kubeconfig: apiVersion must be v1, and kind Config");
        }

        _ = root.Section("preferences"); // has no meaning here, but kubectl refuses the file if it is not a mapping
        return new KubeConfigFile(root.Text("current-context"), Named(root, "context"), Named(root, "cluster"), Named(root, "user"));
    }

    // This uses the representation model, because the deserializer uses reflection and would not survive trimming.
    private static KubeConfigEntry Parse(string path, string text)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException problem)
        {
            throw new SettingsException($"kubeconfig {path}: {Cause(problem)} at line {problem.Start.Line}, column {problem.Start.Column}");
        }

        var root = yaml.Documents.FirstOrDefault()?.RootNode;
        return root switch
        {
            YamlMappingNode values => new KubeConfigEntry(path, "", values),
            null => throw new SettingsException($"kubeconfig {path}: the file is empty"),
            _ => throw new SettingsException($"kubeconfig {path}: not a kubeconfig, which is a mapping at its top"),
        };
    }

    // kubectl uses the last one. We refuse both rather than guess which one was meant.
    private static string Cause(YamlException problem) => DuplicateKey().Match(problem.Message) is { Success: true } duplicate ? $"{duplicate.Groups[1].Value} is given twice" : "not valid YAML";

    [GeneratedRegex("[Dd]uplicate key '?([-.\\w]+)")]
    private static partial Regex DuplicateKey();

    /// <summary>A list of <c>{name: …, user: {…}}</c>, under the plural of its kind.</summary>
    private static Dictionary<string, KubeConfigEntry> Named(KubeConfigEntry root, string kind)
    {
        var entries = new Dictionary<string, KubeConfigEntry>(StringComparer.Ordinal);
        foreach (var item in root.Sections($"{kind}s"))
        {
            var name = item.RequiredText("name");
            var entry = (item.Section(kind) ?? item.Empty()).Named(kind, name);
            CheckTypes(entry);
            if (!entries.TryAdd(name, entry))
            {
                throw root.Complaint($"{kind} \"{name}\" is defined twice");
            }
        }

        return entries;
    }

    // This also checks unused entries, because kubectl refuses the whole file.
    private static void CheckTypes(KubeConfigEntry entry)
    {
        foreach (var key in (ReadOnlySpan<string>)["server", "tls-server-name", "proxy-url", "certificate-authority", "client-certificate", "client-key", "token", "tokenFile", "username", "password", "as", "as-uid", "cluster", "user", "namespace"])
        {
            _ = entry.Text(key);
        }

        foreach (var key in (ReadOnlySpan<string>)["certificate-authority", "client-certificate", "client-key"])
        {
            _ = entry.Pem(key);
        }

        _ = entry.Flag("insecure-skip-tls-verify");
        _ = entry.Texts("as-groups");
        _ = entry.TextLists("as-user-extra");
        _ = entry.Section("auth-provider");
        if (entry.Section("exec") is { } exec)
        {
            _ = exec.Texts("args");
            _ = exec.Flag("provideClusterInfo");
            foreach (var variable in exec.Sections("env"))
            {
                _ = variable.Text("value");
            }
        }
    }
}
