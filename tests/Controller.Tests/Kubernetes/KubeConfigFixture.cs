using Piraeus.HighAvailability.Controller.Kubernetes;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>Kubeconfigs in a folder, and a certificate authority for the servers that they name.</summary>
public abstract class KubeConfigFixture : IDisposable
{
    private protected TemporaryFolder Folder { get; } = new();

    private protected LogCapture Told { get; } = new();

    private protected TestAuthority Authority { get; } = new();

    private protected string TrustInline => $"certificate-authority-data: {KubeConfigText.Base64(Authority.Pem)}";

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected KubernetesConnection Open(string flag, string variable) =>
        KubernetesConnection.Open(flag, name => name == "KUBECONFIG" ? variable : null, TimeProvider.System, Told);

    private protected KubernetesConnection Open(string kubeConfig) => Open(Folder.Write("config", kubeConfig), "");
}
