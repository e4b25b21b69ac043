using Piraeus.HighAvailability.Controller.Net;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>The way to the API server that every pod is given: two variables and a mounted service account.</summary>
internal sealed class InCluster(Func<string, string?> environment, TimeProvider clock, string directory = InCluster.ServiceAccount)
{
    public const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

    private readonly string? _host = environment("KUBERNETES_SERVICE_HOST");
    private readonly string? _port = environment("KUBERNETES_SERVICE_PORT");

    /// <summary>Whether this process runs in a pod.</summary>
    public bool IsHere => !string.IsNullOrEmpty(_host) && !string.IsNullOrEmpty(_port);

    public KubernetesConnection Connect() => new(Server(), Namespace())
    {
        Tls = new TlsSettings { Authorities = PemText.FromFile("service account CA", Path.Combine(directory, "ca.crt")) }.Verified(),
        Credentials = new BearerToken("service account token", Path.Combine(directory, "token"), clock).CurrentAsync,
    };

    /// <summary>The builder brackets an IPv6 address, which pasting strings together does not.</summary>
    private Uri Server() => int.TryParse(_port, out var port) && port is > 0 and <= 65535 && Uri.CheckHostName(_host) is not UriHostNameType.Unknown
        ? new UriBuilder(Uri.UriSchemeHttps, _host, port).Uri
        : throw new SettingsException($"KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name no address: \"{_host}\", \"{_port}\"");

    private string Namespace()
    {
        if (environment("POD_NAMESPACE") is { Length: > 0 } given)
        {
            return given;
        }

        var path = Path.Combine(directory, "namespace");
        var mounted = File.Exists(path) ? OperatorFile.Read("service account namespace", path).Trim() : "";
        return mounted.Length > 0 ? mounted : KubernetesConnection.DefaultNamespace;
    }
}
