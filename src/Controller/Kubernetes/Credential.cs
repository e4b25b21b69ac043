using System.Net.Http.Headers;
using System.Net.Security;
using System.Text;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>What proves who we are: a header on each request, a certificate in the handshake, both, or neither.</summary>
internal sealed class Credential(AuthenticationHeaderValue? header, SslStreamCertificateContext? identity = null)
{
    public AuthenticationHeaderValue? Header => header;

    public SslStreamCertificateContext? Identity => identity;

    public static Credential Anonymous { get; } = new(null);

    /// <summary>The source of a credential that never changes.</summary>
    public CredentialSource Always => (_, _) => ValueTask.FromResult(this);

    /// <summary>A header with foreign characters would be refused with a message that shows the token; this one does not.</summary>
    public static Credential Bearer(string origin, string token) => token.All(char.IsAscii) && !token.Any(letter => char.IsControl(letter) || char.IsWhiteSpace(letter))
        ? new(new AuthenticationHeaderValue("Bearer", token))
        : throw new SettingsException($"{origin} holds characters that no token has");

    public static Credential Basic(string user, string password) =>
        new(new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))));
}

/// <summary>The credential to use now. The one that was just refused, if any, is not offered again where there is a fresher one.</summary>
internal delegate ValueTask<Credential> CredentialSource(Credential? refused, CancellationToken cancellation);
