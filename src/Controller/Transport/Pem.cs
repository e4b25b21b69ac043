using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>Reads certificates and keys, and explains in one line what is wrong with them.</summary>
internal static class Pem
{
    /// <summary>All certificates of a bundle. Each of them is trusted, whether it is a root or not.</summary>
    public static X509Certificate2Collection Authorities(ConfigSource bundle) => Certificates(bundle, bundle.Read());

    /// <summary>A client's certificate: the first certificate with its key, and the intermediates that follow it.</summary>
    public static SslStreamCertificateContext Identity(ConfigSource certificate, ConfigSource key)
    {
        var chainText = certificate.Read();
        var chain = Certificates(certificate, chainText);
        var keyText = PrivateKey(key);

        try
        {
            var leaf = X509Certificate2.CreateFromPem(chainText, keyText);
            return SslStreamCertificateContext.Create(leaf, [.. chain.Skip(1)], offline: true);
        }
        catch (Exception problem) when (problem is CryptographicException or ArgumentException)
        {
            throw new SettingsException($"{certificate.Origin} and {key.Origin} do not belong together");
        }
    }

    private static X509Certificate2Collection Certificates(ConfigSource source, string text)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(text);
        }
        catch (CryptographicException)
        {
            throw new SettingsException($"{source.Origin} holds a certificate that is not valid PEM");
        }

        return certificates.Count > 0 ? certificates : throw new SettingsException($"{source.Origin} holds no PEM certificate");
    }

    private static string PrivateKey(ConfigSource key)
    {
        var text = key.Read();
        if (text.Contains("ENCRYPTED", StringComparison.Ordinal))
        {
            throw new SettingsException($"{key.Origin} is encrypted, and a controller cannot be asked for a passphrase: store it decrypted");
        }

        if (!text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            throw new SettingsException($"{key.Origin} holds no PEM private key");
        }

        using var rsa = RSA.Create();
        using var ecdsa = ECDsa.Create();
        return CanImport(rsa, text) || CanImport(ecdsa, text) ? text : throw new SettingsException($"{key.Origin} holds no RSA or EC private key; .NET can use no other kind for TLS, such as Ed25519");
    }

    private static bool CanImport(AsymmetricAlgorithm algorithm, string text)
    {
        try
        {
            algorithm.ImportFromPem(text);
            return true;
        }
        catch (Exception problem) when (problem is CryptographicException or ArgumentException)
        {
            return false;
        }
    }
}
