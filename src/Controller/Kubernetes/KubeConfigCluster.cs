using Piraeus.HighAvailability.Controller.Net;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>A cluster of a kubeconfig: its address, whom to trust there, and the way out to it.</summary>
internal sealed class KubeConfigCluster
{
    public KubeConfigCluster(KubeConfigEntry entry)
    {
        Server = Address(entry, "server", entry.RequiredText("server"));
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

    public Uri Server { get; }

    public Uri? Proxy { get; }

    public OperatorText? Authorities { get; }

    public TlsSettings Tls { get; }

    // The address is not repeated, because a proxy's may carry a password.
    private static Uri Address(KubeConfigEntry entry, string key, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
            ? address
            : throw entry.Complaint($"{key} must be an address that begins with http:// or https://");
}
