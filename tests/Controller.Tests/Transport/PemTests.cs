using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Tests.Transport;

public sealed class PemTests
{
    private readonly TestAuthority _root = new();

    [Fact]
    public void All_certificates_of_a_bundle_are_read() =>
        Assert.Equal(2, Pem.Authorities(ConfigSource.Inline("bundle", _root.Pem + new TestAuthority("Intermediate", _root).Pem)).Count);

    [Theory]
    [InlineData("", "bundle holds no PEM certificate")]
    [InlineData("hello", "bundle holds no PEM certificate")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "bundle holds a certificate that is not valid PEM")]
    public void A_bundle_that_is_none_is_refused(string text, string complaint) =>
        AssertComplaint(complaint, () => Pem.Authorities(ConfigSource.Inline("bundle", text)));

    [Fact]
    public void Intermediates_are_shown_with_the_certificate()
    {
        var intermediate = new TestAuthority("Intermediate", _root);
        var leaf = intermediate.Issue("me");

        var identity = Pem.Identity(ConfigSource.Inline("certificate", leaf.ExportCertificatePem() + "\n" + intermediate.Pem), ConfigSource.Inline("key", leaf.KeyPem()));

        Assert.Equal("CN=me", identity.TargetCertificate.Subject);
        Assert.Equal("CN=Intermediate", Assert.Single(identity.IntermediateCertificates).Subject);
    }

    [Fact]
    public void Keys_are_read_in_every_common_form()
    {
        var rsa = _root.IssueRsa("rsa");
        var ec = _root.Issue("ec");
        AssertReads(rsa, rsa.GetRSAPrivateKey()!.ExportRSAPrivateKeyPem());
        AssertReads(rsa, rsa.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem());
        AssertReads(ec, ec.GetECDsaPrivateKey()!.ExportECPrivateKeyPem());
        AssertReads(ec, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + ec.GetECDsaPrivateKey()!.ExportECPrivateKeyPem());
    }

    [Fact]
    public void A_key_of_another_certificate_is_refused() =>
        AssertKeyComplaint("certificate and key do not belong together", _root.Issue("other").KeyPem());

    [Fact]
    public void A_key_of_another_kind_is_refused() =>
        AssertKeyComplaint("certificate and key do not belong together", _root.IssueRsa("other").KeyPem());

    [Fact]
    public void An_encrypted_key_is_refused()
    {
        using var key = RSA.Create(2048);
        AssertKeyComplaint("key is encrypted, and a controller cannot be asked for a passphrase: store it decrypted", key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1)));
    }

    [Theory]
    [InlineData("", "key holds no PEM private key")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "key holds no PEM private key")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "key holds no RSA or EC private key; .NET can use no other kind for TLS, such as Ed25519")]
    public void A_key_that_is_none_is_refused(string text, string complaint) => AssertKeyComplaint(complaint, text);

    private static void AssertReads(X509Certificate2 certificate, string key) =>
        Assert.True(Pem.Identity(ConfigSource.Inline("certificate", certificate.ExportCertificatePem()), ConfigSource.Inline("key", key)).TargetCertificate.HasPrivateKey);

    private static void AssertComplaint(string expected, Action act) => Assert.Equal(expected, Assert.Throws<SettingsException>(act).Message);

    private void AssertKeyComplaint(string expected, string key) =>
        AssertComplaint(expected, () => Pem.Identity(ConfigSource.Inline("certificate", _root.Issue("me").ExportCertificatePem()), ConfigSource.Inline("key", key)));
}
