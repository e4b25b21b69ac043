using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Image;

/// <summary>The image that eng/image.sh builds, with its content in a folder, so that it can be run where no container runtime can start containers.</summary>
public sealed class ContainerImage : IAsyncLifetime
{
    // What a container runtime does for a pod of deploy/all.yaml: a read-only root, the service account, no rights, no way to get more, and the image's user.
    private const string Run = """
        set -e
        root=$1 account=$2 program=$3
        shift 3
        mount --make-rprivate /
        mount --bind "$root" "$root"
        mount --rbind /dev "$root/dev"
        mount -t proc proc "$root/proc"
        mount -t tmpfs tmpfs "$root/run"
        mkdir -p "$root/run/secrets/kubernetes.io/serviceaccount"
        mount --bind "$account" "$root/run/secrets/kubernetes.io/serviceaccount"
        mount -o remount,bind,ro "$root"
        mount -o remount,ro "$root/run"
        exec setpriv --no-new-privs --inh-caps -all --bounding-set -all,+sys_chroot,+setuid,+setgid chroot --userspec=65532:65532 --groups= "$root" "$program" "$@"
        """;

    // Isolation by chroot and plain copies of layers: what works without user namespaces and overlays.
    private static readonly Dictionary<string, string> Settings = new() { ["STORAGE_DRIVER"] = "vfs", ["BUILDAH_ISOLATION"] = "chroot" };

    private string _container = "";

    /// <summary>The folder of its files.</summary>
    public string Root { get; private set; } = "";

    /// <summary>Its configuration, as JSON.</summary>
    public string Configuration { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var image = (await OutputAsync(Repository.File("eng/image.sh"), "--builder", "buildah", "--base", "debian", "--tag", "piraeus-ha-controller:test")).Trim();
        _container = (await OutputAsync("buildah", "from", image)).Trim();
        Root = (await OutputAsync("buildah", "mount", _container)).Trim();
        Configuration = await OutputAsync("buildah", "inspect", "--type", "image", image);
    }

    /// <summary>Starts its program as a pod would.</summary>
    /// <param name="log">The log file.</param>
    /// <param name="port">The port of its probes.</param>
    /// <param name="account">The folder of the service account's token, CA and namespace.</param>
    /// <param name="arguments">The arguments of the container.</param>
    /// <param name="environment">The environment variables of the container.</param>
    public Task<ControllerProcess> StartAsync(string log, int port, string account, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment) =>
        ControllerProcess.StartAsync(log, port, ["--mount", "bash", "-c", Run, "run", Root, account, "/usr/bin/piraeus-ha-controller", .. arguments], environment, program: "unshare");

    public async ValueTask DisposeAsync()
    {
        if (_container.Length > 0)
        {
            await OutputAsync("buildah", "umount", _container);
            await OutputAsync("buildah", "rm", _container);
        }
    }

    private static Task<string> OutputAsync(string program, params string[] arguments) => ExternalProgram.OutputAsync(program, arguments, Settings);
}
