using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>One or more kubeconfig files read as kubectl reads them: of two entries with the same name, the first wins.</summary>
internal sealed class KubeConfig
{
    private readonly IReadOnlyList<KubeConfigFile> _files;
    private readonly string _paths;

    private KubeConfig(IReadOnlyList<string> paths)
    {
        _paths = string.Join(Path.PathSeparator, paths);
        _files = [.. paths.Select(KubeConfigFile.Read)];
    }

    public static KubeConfig Load(string path) => new([path]);

    /// <summary>The files of a list like that in <c>KUBECONFIG</c>, of which some may be missing, but not all.</summary>
    public static KubeConfig LoadMerged(string paths)
    {
        var present = paths.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Where(File.Exists).ToList();
        return present.Count > 0 ? new KubeConfig(present) : throw new SettingsException($"KUBECONFIG names no file that exists: {paths}");
    }

    public KubernetesConnection Connect(Func<string, string?> environment, TimeProvider clock, ILogger logger)
    {
        var name = _files.Select(file => file.CurrentContext).FirstOrDefault(current => current is not null)
            ?? throw new SettingsException($"kubeconfig {_paths}: current-context is missing");
        if (!TryFind(file => file.Contexts, name, out var context))
        {
            throw new SettingsException($"kubeconfig {_paths}: current-context names the context \"{name}\", which is not there");
        }

        var cluster = new KubeConfigCluster(Follow(context, "cluster", file => file.Clusters));
        var user = context.Text("user") is null ? KubeConfigUser.Nobody : new KubeConfigUser(Follow(context, "user", file => file.Users), cluster, environment, clock, logger);
        return new KubernetesConnection(cluster.Server, context.Text("namespace") ?? KubernetesConnection.DefaultNamespace)
        {
            Tls = (cluster.Tls with { Identity = user.Identity }).Verified(),
            Proxy = cluster.Proxy,
            Credentials = user.Credentials,
            Impersonation = user.Impersonation,
        };
    }

    private KubeConfigEntry Follow(KubeConfigEntry context, string kind, Func<KubeConfigFile, IReadOnlyDictionary<string, KubeConfigEntry>> entries)
    {
        var name = context.RequiredText(kind);
        return TryFind(entries, name, out var entry) ? entry : throw context.Complaint($"it names the {kind} \"{name}\", which is not there");
    }

    private bool TryFind(Func<KubeConfigFile, IReadOnlyDictionary<string, KubeConfigEntry>> entries, string name, [NotNullWhen(true)] out KubeConfigEntry? found)
    {
        found = _files.Select(entries).Select(named => named.GetValueOrDefault(name)).FirstOrDefault(entry => entry is not null);
        return found is not null;
    }
}
