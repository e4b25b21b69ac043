using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>A cluster of a kubeconfig: its address, its trusted certificates, and its proxy.</summary>
internal sealed class KubeConfigCluster
{
    public KubeConfigCluster(KubeConfigEntry entry)
    {
        Written = entry.RequiredText("server");
        var address = Address(entry, "server", Written.Contains("://", StringComparison.Ordinal) || Written.Contains('/') ? Written : $"http://{Written}");
        (Server, Login) = (new UriBuilder(address) { UserName = "", Password = "" }.Uri, Login.Parse(address.UserInfo));
        Proxy = entry.Text("proxy-url") is { } proxy ? Address(entry, "proxy-url", proxy) : null;
        Authorities = entry.Pem("certificate-authority");
        Tls = new TlsSettings
        {
            Authorities = Authorities,
            ServerName = entry.Text("tls-server-name"),
            SkipVerification = entry.Flag("insecure-skip-tls-verify"),
        };

        if (Tls.SkipVerification && Authorities is not null)
        {
            throw entry.Complaint("insecure-skip-tls-verify makes certificate-authority meaningless; only one of them may be given");
        }
    }

    /// <summary>The address as it is written.</summary>
    public string Written { get; }

    /// <summary>The address; without a scheme it is http, as for kubectl.</summary>
    public Uri Server { get; }

    /// <summary>The user info of the address; null if there is none. It takes precedence over the user's own credentials, as for kubectl.</summary>
    public Login? Login { get; }

    public Uri? Proxy { get; }

    public ConfigSource? Authorities { get; }

    public TlsSettings Tls { get; }

    // The address is not repeated, because a proxy's may carry a password.
    private static Uri Address(KubeConfigEntry entry, string key, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
            ? address
            : throw entry.Complaint($"{key} must be an address that begins with http:// or https://");
}
