using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The API server's address, and the file with the certificate to trust.</summary>
public sealed record ApiEndpoint(Uri Address, string CertificateFile)
{
    public HttpClient ClientAs(ApiIdentity identity)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(CertificateFile);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            // A thousand concurrent requests must not cause a thousand handshakes.
            MaxConnectionsPerServer = 64,
            // A watch that ends must release its connection at once.
            ResponseDrainTimeout = TimeSpan.Zero,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
        };
        var client = new HttpClient(handler) { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", identity.Token);
        return client;
    }

    public string Kubeconfig(ApiIdentity identity) => $"""
        apiVersion: v1
        kind: Config
        current-context: test
        contexts:
        - name: test
          context: {"{cluster: test, user: test}"}
        clusters:
        - name: test
          cluster:
            server: {Address.AbsoluteUri.TrimEnd('/')}
            certificate-authority: {CertificateFile}
        users:
        - name: test
          user:
            token: {identity.Token}

        """;
}
