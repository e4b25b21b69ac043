using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>A kubeconfig for a server, as text.</summary>
internal static class KubeConfigText
{
    public static string Of(Uri server, string? token, X509Certificate2? certificate) =>
        $"""
        apiVersion: v1
        kind: Config
        current-context: simulator
        clusters:
        - name: simulator
          cluster:
            server: {server.AbsoluteUri.TrimEnd('/')}{(certificate is null ? "" : $"\n    certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()))}")}
        contexts:
        - name: simulator
          context:
            cluster: simulator
            user: simulator
        users:
        - name: simulator
          user: {(token is null ? "{}" : $"{{ token: \"{token}\" }}")}

        """;
}
