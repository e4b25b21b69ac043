using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>A certificate with its private key, and what it issues.</summary>
internal sealed class Pki : IDisposable
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private Pki(X509Certificate2 certificate) => Certificate = certificate;

    public X509Certificate2 Certificate { get; }

    public string Pem => Certificate.ExportCertificatePem();

    public string Key => Certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    public static Pki Root(string name = "root")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(Request(name, key, authority: true).CreateSelfSigned(Now.AddDays(-1), Now.AddDays(2)));
    }

    public Pki Issue(string name, bool authority = false, string? host = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key, authority);
        if (host is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(host);
            names.AddIpAddress(IPAddress.Parse("192.0.2.1"));
            request.CertificateExtensions.Add(names.Build());
        }

        using var issued = request.Create(Certificate, Now.AddDays(-1), Now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        return new(issued.CopyWithPrivateKey(key));
    }

    public void Dispose() => Certificate.Dispose();

    private static CertificateRequest Request(string name, ECDsa key, bool authority)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }
}
