using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Piraeus.HighAvailability.Controller.Net;

/// <summary>Whom to trust and what to show of oneself; asked anew at each handshake, so that rotated files are picked up.</summary>
internal sealed record TlsSettings
{
    /// <summary>The only roots to trust; null trusts the system's.</summary>
    /// <remarks>Nobody is trusted from memory: while the roots cannot be read, handshakes fail.</remarks>
    public OperatorText? Authorities { get; init; }

    /// <summary>The client certificate to present, if there is one.</summary>
    public Func<SslStreamCertificateContext?> Identity { get; init; } = () => null;

    /// <summary>The name to ask for and to check, where it is not that of the address.</summary>
    public string? ServerName { get; init; }

    /// <summary>Whether to believe any certificate, because the operator said so.</summary>
    public bool SkipVerification { get; init; }

    /// <summary>Reads everything once, so that a bad file is reported at start and not by the first request.</summary>
    public TlsSettings Verified()
    {
        _ = HandshakeWith("localhost");
        return this;
    }

    [SuppressMessage("Security", "CA5359", Justification = "Only with insecure-skip-tls-verify, which is there to ask for exactly this.")]
    public SslClientAuthenticationOptions HandshakeWith(string host) => new()
    {
        TargetHost = ServerName ?? host,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        CertificateChainPolicy = Authorities is null ? null : TrustOnly(Pem.Authorities(Authorities)),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        ClientCertificateContext = Identity(),
        RemoteCertificateValidationCallback = SkipVerification ? (_, _, _, _) => true : null,
    };

    /// <summary>A chain policy and not a callback, because with it the host name is still checked for us.</summary>
    private static X509ChainPolicy TrustOnly(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
