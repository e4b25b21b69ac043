using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Where LINSTOR is and how to be let in: golinstor's <c>LS_*</c> environment.</summary>
internal sealed record LinstorSettings(ImmutableArray<ControllerAddress> Controllers)
{
    /// <summary>The user of every LINSTOR controller; null leaves it to each URL's own user info.</summary>
    public Login? Login { get; init; }

    /// <summary>Where the bearer token is, which replaces every <see cref="Login"/>.</summary>
    public TokenFile? Token { get; init; }

    /// <summary>The only roots to trust; null trusts the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>The client certificate to present, if asked.</summary>
    public ClientIdentity? Identity { get; init; }

    /// <param name="environment">A variable's value; null if it is not set, which is not the same as empty.</param>
    /// <exception cref="SettingsException">A variable, or a file that it names, cannot be used.</exception>
    public static LinstorSettings FromEnvironment(Func<string, string?> environment)
    {
        var certificate = PemSource.Find(environment, "LS_USER_CERTIFICATE");
        var key = PemSource.Find(environment, "LS_USER_KEY");
        var authorities = PemSource.Find(environment, "LS_ROOT_CA");
        var scheme = certificate is null && key is null && authorities is null ? "http" : "https";


        return new LinstorSettings(Addresses(environment("LS_CONTROLLERS") ?? "", scheme))
        {
            Login = environment("LS_USERNAME") is { Length: > 0 } user ? new Login(user, environment("LS_PASSWORD") ?? "") : null,
            Token = environment("LS_BEARER_TOKEN_FILE") is { } path ? new TokenFile(path) : null,
            Authorities = authorities is null ? null : ReadAuthorities(authorities),
            Identity = ReadIdentity(certificate, key),
        };
    }

    private static ImmutableArray<ControllerAddress> Addresses(string list, string scheme)
    {
        var elements = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return [.. (elements is [] ? ["localhost"] : elements).Select(element => ControllerAddress.Parse(element, scheme))];
    }

    private static ClientIdentity? ReadIdentity(PemSource? certificate, PemSource? key) => (certificate, key) switch
    {
        (null, null) => null,
        ({ }, null) => throw new SettingsException($"{certificate.Variable} is set, but neither LS_USER_KEY nor LS_USER_KEY_FILE."),
        (null, { }) => throw new SettingsException($"{key.Variable} is set, but neither LS_USER_CERTIFICATE nor LS_USER_CERTIFICATE_FILE."),
        ({ }, { }) => new ClientIdentity(certificate, key),
    };

    private static X509Certificate2Collection ReadAuthorities(PemSource source)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(source.Read());
        }
        catch (CryptographicException malformed)
        {
            throw new SettingsException($"{source} holds no valid certificate: {malformed.Message}");
        }

        // Go accepts an intermediate as an anchor of trust, .NET does not: every handshake would fail with "PartialChain".
        return authorities.Any(authority => authority.SubjectName.RawData.AsSpan().SequenceEqual(authority.IssuerName.RawData)) ? authorities
            : authorities.Count is 0 ? throw new SettingsException($"{source} holds no valid certificate.")
            : throw new SettingsException($"{source} holds no root certificate, only intermediate ones.");
    }
}
