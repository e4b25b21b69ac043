using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>The API server's address and credentials that every pod has: two variables and a mounted service account.</summary>
internal sealed class InClusterConfig(Func<string, string?> environment, TimeProvider clock, ILogger logger, string directory = InClusterConfig.ServiceAccount)
{
    public const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

    private readonly string? _host = environment("KUBERNETES_SERVICE_HOST");
    private readonly string? _port = environment("KUBERNETES_SERVICE_PORT");

    /// <summary>Whether this process runs in a pod.</summary>
    public bool IsHere => !string.IsNullOrEmpty(_host) && !string.IsNullOrEmpty(_port);

    public KubernetesConnection Connect() => new(Server(), Namespace())
    {
        Tls = new TlsSettings { Authorities = Mounted("service account CA", "ca.crt") }.Verified(),
        Credentials = new BearerToken(Mounted("service account token", "token"), clock, logger).CurrentAsync,
    };

    /// <summary>The builder puts an IPv6 address in brackets, which concatenation does not.</summary>
    private Uri Server() => int.TryParse(_port, out var port) && port is > 0 and <= 65535 && Uri.CheckHostName(_host) is not UriHostNameType.Unknown
        ? new UriBuilder(Uri.UriSchemeHttps, _host, port).Uri
        : throw new SettingsException($"KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name no address: \"{_host}\", \"{_port}\"");

    private string Namespace()
    {
        if (environment("POD_NAMESPACE") is { Length: > 0 } given)
        {
            return given;
        }

        var mounted = File.Exists(Path.Combine(directory, "namespace")) ? Mounted("service account namespace", "namespace").Read().Trim() : "";
        return mounted.Length > 0 ? mounted : KubernetesConnection.DefaultNamespace;
    }

    private ConfigSource Mounted(string what, string name) => ConfigSource.FromFile(what, Path.Combine(directory, name));
}
