using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>The certificates to trust and to present; read again at each handshake, so that rotated files are used.</summary>
internal sealed record TlsSettings
{
    /// <summary>The only certificates to trust, roots or not; null trusts the system's roots.</summary>
    /// <remarks>They are not cached: while they cannot be read, handshakes fail.</remarks>
    public ConfigSource? Authorities { get; init; }

    /// <summary>The client certificate to present, if there is one.</summary>
    public Func<SslStreamCertificateContext?> Identity { get; init; } = () => null;

    /// <summary>The name to request and to verify, if it is not that of the address.</summary>
    public string? ServerName { get; init; }

    /// <summary>Whether to trust any certificate, because the operator chose this.</summary>
    public bool SkipVerification { get; init; }

    /// <summary>Reads everything once, so that a bad file is reported at the start and not by the first request.</summary>
    public TlsSettings Verified()
    {
        _ = HandshakeWith("localhost");
        return this;
    }

    [SuppressMessage("Security", "CA5359", Justification = "Only with insecure-skip-tls-verify, which is there to ask for exactly this.")]
    public SslClientAuthenticationOptions HandshakeWith(string host)
    {
        var trusted = Authorities is null ? null : Pem.Authorities(Authorities);
        return new()
        {
            TargetHost = ServerName ?? host,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            CertificateChainPolicy = trusted is null ? null : TrustOnly(trusted),
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ClientCertificateContext = Identity(),
            RemoteCertificateValidationCallback = SkipVerification ? (_, _, _, _) => true
                : trusted is null ? null
                : (_, _, chain, errors) => errors == SslPolicyErrors.None || (errors == SslPolicyErrors.RemoteCertificateChainErrors && EndsAtTrusted(chain!, trusted)) ? true : throw Distrust(errors, chain),
        };
    }

    // Returning false would hide the reason.
    private static AuthenticationException Distrust(SslPolicyErrors errors, X509Chain? chain) =>
        new($"The server's certificate is not trusted: {string.Join(", ", (chain?.ChainStatus ?? []).Select(status => $"{status.Status}").Distinct().Prepend($"{errors}"))}");

    // .NET anchors a chain at self-signed certificates only. In Go, and so for kubectl and golinstor, it may end at any listed certificate. All elements up to that one must be valid.
    private static bool EndsAtTrusted(X509Chain chain, X509Certificate2Collection trusted)
    {
        foreach (var element in chain.ChainElements)
        {
            if (element.ChainElementStatus.Any(status => status.Status is not (X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.UntrustedRoot)))
            {
                return false;
            }

            if (trusted.Any(one => one.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A chain policy instead of a callback, because then .NET still verifies the host name.</summary>
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
