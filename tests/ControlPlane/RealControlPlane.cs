using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>A real etcd, kube-apiserver, kube-controller-manager and kube-scheduler on loopback, without nodes.</summary>
public sealed class RealControlPlane : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, HttpClient> _clients = new();
    private readonly List<Component> _components = [];
    private readonly Binaries _binaries;
    private readonly ControlPlaneFolder _folder;
    private readonly ComponentCommandLines _componentCommandLines;

    private RealControlPlane(Binaries binaries, ControlPlaneFolder folder, ControlPlaneOptions options)
    {
        (_binaries, _folder, _componentCommandLines) = (binaries, folder, new ComponentCommandLines(binaries, folder, options));
        Audit = new AuditLog(folder["audit.log"]);
    }

    /// <summary>The API client of the administrator.</summary>
    public Api Api => ApiAs(ApiIdentity.Administrator);

    /// <summary>The file of the certificate authority behind the API server.</summary>
    public string AuthorityFile => _componentCommandLines.Endpoint.CertificateFile;

    public Uri Address => _componentCommandLines.Endpoint.Address;

    public AuditLog Audit { get; }

    /// <summary>The folder of the components' logs, which remain after a run.</summary>
    public string LogDirectory => _folder.Directory;

    public static Task<RealControlPlane> StartAsync(CancellationToken cancellation) => StartAsync(new ControlPlaneOptions(), cancellation);

    public static async Task<RealControlPlane> StartAsync(ControlPlaneOptions options, CancellationToken cancellation)
    {
        var plane = new RealControlPlane(Binaries.Find(), ControlPlaneFolder.New(), options);
        try
        {
            plane._components.Add(await plane._componentCommandLines.EtcdAsync());
            plane._components.Add(await plane._componentCommandLines.ApiServerAsync());
            await plane.UntilReadyAsync(cancellation);
            if (!options.OnlyApiServer)
            {
                plane._components.Add(await plane._componentCommandLines.ControllerManagerAsync());
                plane._components.Add(await plane._componentCommandLines.SchedulerAsync());
            }
            return plane;
        }
        catch
        {
            await plane.DisposeAsync();
            throw;
        }
    }

    /// <summary>The API client of another identity.</summary>
    public Api ApiAs(ApiIdentity identity) => new(_clients.GetOrAdd(identity.Token, _ => _componentCommandLines.Endpoint.ClientAs(identity)));

    /// <summary>Creates the service account if necessary, and a token like a pod's: it has only the rights that RBAC grants.</summary>
    public async Task<ApiIdentity> ServiceAccountAsync(string space, string name, CancellationToken cancellation)
    {
        var path = $"{Paths.ServiceAccounts(space)}/{name}";
        if (await Api.FindAsync(path, cancellation) is null)
        {
            await Api.CreateAsync(Paths.ServiceAccounts(space), new { metadata = new { name } }, cancellation);
        }
        var request = new { apiVersion = "authentication.k8s.io/v1", kind = "TokenRequest", spec = new { expirationSeconds = 24 * 60 * 60 } };
        var token = (await Api.CreateAsync($"{path}/token", request, cancellation)).Text("status", "token");
        return new ApiIdentity($"system:serviceaccount:{space}:{name}", token!);
    }

    /// <summary>Writes a kubeconfig for an identity and returns its path.</summary>
    public string KubeconfigFor(ApiIdentity identity) => _componentCommandLines.Kubeconfig(identity);

    /// <summary>Runs kubectl and returns its output; a failure throws an exception with its error message.</summary>
    public async Task<string> KubectlAsync(IEnumerable<string> arguments, ApiIdentity identity, CancellationToken cancellation)
    {
        using var kubectl = Process.Start(new ProcessStartInfo(_binaries["kubectl"], ["--kubeconfig", KubeconfigFor(identity), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Its discovery cache goes to the home directory otherwise.
            Environment = { ["HOME"] = _folder.Data },
        })!;
        var output = kubectl.StandardOutput.ReadToEndAsync(cancellation);
        var errors = await kubectl.StandardError.ReadToEndAsync(cancellation);
        await kubectl.WaitForExitAsync(cancellation);
        return kubectl.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"kubectl {string.Join(' ', arguments)} exited with {kubectl.ExitCode}: {errors}");
    }

    /// <summary>Kills the API server, and returns when it is back on the same port and ready.</summary>
    public async Task RestartApiServerAsync(CancellationToken cancellation)
    {
        await StopApiServerAsync(cancellation);
        await StartApiServerAsync(cancellation);
    }

    /// <summary>Kills the API server; every request is refused until it is started again.</summary>
    public async Task StopApiServerAsync(CancellationToken cancellation)
    {
        var server = _components.Single(component => component.Name == "kube-apiserver");
        await server.KillAsync(cancellation);
        _components.Remove(server);
        server.Dispose();
    }

    public async Task StartApiServerAsync(CancellationToken cancellation)
    {
        _components.Add(await _componentCommandLines.ApiServerAsync());
        await UntilReadyAsync(cancellation);
    }

    /// <summary>The last lines of every component's log, for a failure's message.</summary>
    public string LogTails(int lines = 15) => string.Concat(_components.ToArray().Select(component => component.LogTail(lines)));

    public ValueTask DisposeAsync()
    {
        // In reverse order, so that no component logs the loss of another.
        foreach (var component in Enumerable.Reverse(_components))
        {
            component.Dispose();
        }
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
        _folder.Clear();
        return ValueTask.CompletedTask;
    }

    private async Task UntilReadyAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StartLimit);
        try
        {
            while (!await IsReadyAsync(limit.Token))
            {
                if (_components.Any(component => component.HasExited))
                {
                    throw new InvalidOperationException($"The control plane did not start.\n{LogTails()}");
                }
                await Task.Delay(TimeSpan.FromMilliseconds(25), limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"The API server was not ready within {StartLimit.TotalSeconds} s.\n{LogTails()}");
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        // The certificate is written before the port opens; until then there is nothing to trust.
        if (!File.Exists(_componentCommandLines.Endpoint.CertificateFile))
        {
            return false;
        }
        try
        {
            using var client = _componentCommandLines.Endpoint.ClientAs(ApiIdentity.Administrator);
            using var answer = await client.GetAsync(new Uri("readyz", UriKind.Relative), cancellation);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
