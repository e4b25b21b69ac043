using System.Net.Http.Headers;
using System.Net.Security;
using System.Text;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>Our identity: a header on each request, a certificate in the handshake, both, or neither.</summary>
internal sealed class Credential(AuthenticationHeaderValue? header, SslStreamCertificateContext? identity = null)
{
    public AuthenticationHeaderValue? Header => header;

    public SslStreamCertificateContext? Identity => identity;

    public static Credential Anonymous { get; } = new(null);

    /// <summary>The source of a credential that never changes.</summary>
    public CredentialSource Always => (_, _) => ValueTask.FromResult(this);

    /// <summary>A header with non-ASCII characters would be refused with a message that shows the token; this message does not.</summary>
    public static Credential Bearer(string origin, string token) =>
        token.All(char.IsAscii) && !token.Any(letter => char.IsControl(letter) || char.IsWhiteSpace(letter))
            ? new(new AuthenticationHeaderValue("Bearer", token))
            : throw new SettingsException($"{origin} holds characters that no token has");
}

/// <summary>The credential to use now. A credential that was just refused is not offered again if there is a newer one.</summary>
internal delegate ValueTask<Credential> CredentialSource(Credential? refused, CancellationToken cancellation);

/// <summary>A user name and its password, sent as HTTP Basic.</summary>
internal sealed record Login(string User, string Password)
{
    public AuthenticationHeaderValue Header => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")));

    /// <summary>Reads the user info of a URL; null if there is none.</summary>
    public static Login? Parse(string userInfo)
    {
        var colon = userInfo.IndexOf(':', StringComparison.Ordinal);
        var (user, password) = colon < 0 ? (userInfo, "") : (userInfo[..colon], userInfo[(colon + 1)..]);
        return userInfo.Length is 0 ? null : new Login(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password));
    }

    /// <summary>Only the user name, because a record would print the password.</summary>
    public override string ToString() => User;
}
