using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The client certificate and its key, read again for each handshake, so that rotation needs no restart.</summary>
internal sealed class ClientIdentity
{
    private readonly PemSource _certificate;
    private readonly PemSource _key;
    private volatile Loaded _loaded;

    /// <exception cref="SettingsException">The two cannot be read, or do not belong together.</exception>
    public ClientIdentity(PemSource certificate, PemSource key)
    {
        (_certificate, _key) = (certificate, key);
        _loaded = Load();
    }

    /// <summary>What to present now.</summary>
    /// <param name="stale">Why the files could not be used, in which case the last good pair is presented: a rotation may be half done.</param>
    public SslStreamCertificateContext Read(out string? stale)
    {
        try
        {
            stale = null;
            _loaded = Load();
        }
        catch (SettingsException unusable)
        {
            stale = unusable.Message;
        }

        return _loaded.Context;
    }

    private Loaded Load()
    {
        var (certificate, key) = (_certificate.Read(), _key.Read());
        if (_loaded is { } known && known.Certificate == certificate && known.Key == key)
        {
            return known;
        }

        try
        {
            // CreateFromPem takes the leaf alone; a server that trusts only the root needs what lies between, too.
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificate);
            var leaf = X509Certificate2.CreateFromPem(certificate, key);
            var between = new X509Certificate2Collection(chain.Skip(1).ToArray());
            return new Loaded(certificate, key, SslStreamCertificateContext.Create(leaf, between, offline: true));
        }
        catch (Exception unusable) when (unusable is CryptographicException or ArgumentException)
        {
            throw new SettingsException($"{_certificate} and {_key} are not a certificate and its key: {unusable.Message}");
        }
    }

    private sealed record Loaded(string Certificate, string Key, SslStreamCertificateContext Context);
}
