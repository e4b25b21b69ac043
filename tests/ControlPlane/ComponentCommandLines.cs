using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The command lines of the four components.</summary>
public sealed partial class ComponentCommandLines(Binaries binaries, ControlPlaneFolder folder, ControlPlaneOptions options)
{
    /// <summary>The controllers that determine how fast a pod comes back, and those that clean up objects.</summary>
    private const string Controllers =
        "statefulset,deployment,replicaset,attachdetach,nodelifecycle,persistentvolume-binder,podgc,garbagecollector,disruption,"
        + "namespace,pvc-protection,pv-protection,clusterrole-aggregation";

    private readonly int _etcdPort = FreePort();
    private readonly int _apiPort = FreePort();
    // Components before 1.23 open an insecure port beside the secure one by default; later ones do not know the flag.
    private readonly bool _old = MinorVersion(binaries) < 23;

    public Uri Etcd => new($"http://127.0.0.1:{_etcdPort}/");

    /// <summary>The API server creates its own certificate and keeps it over restarts.</summary>
    public ApiEndpoint Endpoint => new(new Uri($"https://127.0.0.1:{_apiPort}/"), Path.Combine(folder.Data, "apiserver.crt"));

    public Task<Component> EtcdAsync()
    {
        var peer = $"http://127.0.0.1:{FreePort()}";
        var client = Etcd.AbsoluteUri.TrimEnd('/');
        return StartAsync("etcd", [
            "--data-dir", Path.Combine(folder.Data, "etcd"), "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"default={peer}"]);
    }

    public Task<Component> ApiServerAsync()
    {
        var key = folder["service-accounts.key"];
        if (!File.Exists(key))
        {
            using var rsa = RSA.Create(2048);
            folder.Write("service-accounts.key", rsa.ExportRSAPrivateKeyPem());
        }
        return StartAsync("kube-apiserver", [
            $"--etcd-servers={Etcd.AbsoluteUri.TrimEnd('/')}", $"--cert-dir={folder.Data}", $"--secure-port={_apiPort}", "--bind-address=127.0.0.1",
            "--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
            $"--token-auth-file={folder.Write("tokens.csv", string.Join('\n', ApiIdentity.TokenFile))}",
            $"--service-account-key-file={key}", $"--service-account-signing-key-file={key}", "--service-account-issuer=https://kubernetes.default.svc",
            .. options.OnlyApiServer
                ? Array.Empty<string>()
                : [$"--audit-policy-file={folder.Write("audit-policy.yaml", AuditLog.Policy)}", $"--audit-log-path={folder["audit.log"]}", "--audit-log-mode=blocking", "--audit-log-maxsize=100000"]]);
    }

    public Task<Component> ControllerManagerAsync() => StartAsync("kube-controller-manager", [
        $"--kubeconfig={Kubeconfig(ApiIdentity.ControllerManager)}", "--leader-elect=false", "--bind-address=127.0.0.1", $"--secure-port={FreePort()}",
        $"--cert-dir={folder.Data}/controller-manager", $"--controllers={Controllers}", "--concurrent-statefulset-syncs=50",
        $"--kube-api-qps={options.ComponentQps}", $"--kube-api-burst={2 * options.ComponentQps}", .. NoInsecurePort, .. options.ControllerManagerFlags]);

    public Task<Component> SchedulerAsync() => StartAsync("kube-scheduler", [
        $"--kubeconfig={Kubeconfig(ApiIdentity.Scheduler)}", "--leader-elect=false", "--bind-address=127.0.0.1", $"--secure-port={FreePort()}",
        $"--cert-dir={folder.Data}/scheduler", .. NoInsecurePort,
        .. _old ? [$"--kube-api-qps={options.ComponentQps}", $"--kube-api-burst={2 * options.ComponentQps}"] : Array.Empty<string>()]);

    /// <summary>Writes a kubeconfig for an identity and returns its path.</summary>
    public string Kubeconfig(ApiIdentity identity) =>
        folder.Write($"{identity.User.Replace(':', '.')}.kubeconfig", Endpoint.Kubeconfig(identity));

    private string[] NoInsecurePort => _old ? ["--port=0"] : [];

    private Task<Component> StartAsync(string program, string[] arguments) => Component.StartAsync(binaries[program], folder[program + ".log"], arguments);

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static int MinorVersion(Binaries binaries)
    {
        using var asked = Process.Start(new ProcessStartInfo(binaries["kube-apiserver"], "--version") { RedirectStandardOutput = true })!;
        var answer = asked.StandardOutput.ReadToEnd();
        asked.WaitForExit();
        return int.Parse(Version().Match(answer).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"v1\.(\d+)")]
    private static partial Regex Version();
}
