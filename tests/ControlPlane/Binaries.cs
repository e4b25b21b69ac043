namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The paths of the control plane's programs, installed by eng/kubernetes.sh or in the folder that KUBE_BIN names.</summary>
public sealed record Binaries(string Directory)
{
    private static readonly string[] Programs = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"];

    public static Binaries Find()
    {
        var named = Environment.GetEnvironmentVariable("KUBE_BIN");
        var candidates = string.IsNullOrEmpty(named) ? Cached() : [named];
        var found = candidates.FirstOrDefault(directory => Programs.All(program => File.Exists(Path.Combine(directory, program))))
            ?? throw new FileNotFoundException($"No Kubernetes binaries in {(named is { Length: > 0 } ? named : CacheRoot)}: run eng/kubernetes.sh once, or set KUBE_BIN to a directory with {string.Join(", ", Programs)}.");
        return new Binaries(Path.GetFullPath(found));
    }

    /// <summary>The path of a program; etcd may be the system's own.</summary>
    public string this[string program]
    {
        get
        {
            var here = Path.Combine(Directory, program);
            return File.Exists(here) ? here : program;
        }
    }

    private static string CacheRoot => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "piraeus-ha-controller");

    private static IEnumerable<string> Cached() =>
        System.IO.Directory.Exists(CacheRoot) ? System.IO.Directory.EnumerateDirectories(CacheRoot, "kubernetes-*").OrderDescending(StringComparer.Ordinal) : [];
}
