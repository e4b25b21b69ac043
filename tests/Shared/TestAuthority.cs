using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Piraeus.HighAvailability.Tests;

/// <summary>A certificate authority that exists for one test.</summary>
internal sealed class TestAuthority
{
    private readonly X509Certificate2 _certificate;

    public TestAuthority(string name = "Test CA", TestAuthority? issuer = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _certificate = issuer is null ? request.CreateSelfSigned(Begin, End) : issuer.Sign(request).CopyWithPrivateKey(key);
    }

    private static DateTimeOffset Begin { get; } = DateTimeOffset.UtcNow.AddDays(-1);

    private static DateTimeOffset End { get; } = DateTimeOffset.UtcNow.AddDays(1);

    public string Pem => _certificate.ExportCertificatePem() + "\n";

    /// <summary>A certificate with its key, for these names and addresses.</summary>
    public X509Certificate2 Issue(string subject, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(Request(new CertificateRequest($"CN={subject}", key, HashAlgorithmName.SHA256), names)).CopyWithPrivateKey(key);
    }

    /// <summary>The same, but it is no longer valid.</summary>
    public X509Certificate2 IssueExpired(string subject, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(Request(new CertificateRequest($"CN={subject}", key, HashAlgorithmName.SHA256), names), DateTimeOffset.UtcNow.AddHours(-1)).CopyWithPrivateKey(key);
    }

    public X509Certificate2 IssueRsa(string subject)
    {
        using var key = RSA.Create(2048);
        return Sign(Request(new CertificateRequest($"CN={subject}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), [])).CopyWithPrivateKey(key);
    }

    private static CertificateRequest Request(CertificateRequest request, string[] names)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        if (names.Length > 0)
        {
            request.CertificateExtensions.Add(alternatives.Build());
        }

        return request;
    }

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset? end = null) =>
        request.Create(_certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_certificate.GetECDsaPrivateKey()!), Begin, end ?? End, RandomNumberGenerator.GetBytes(8));
}

internal static class CertificateText
{
    public static string KeyPem(this X509Certificate2 certificate) =>
        (certificate.GetECDsaPrivateKey() as AsymmetricAlgorithm ?? certificate.GetRSAPrivateKey()!).ExportPkcs8PrivateKeyPem();
}
