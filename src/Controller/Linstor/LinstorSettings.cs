using System.Collections.Immutable;
using System.Net.Security;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>LINSTOR's address and credentials: golinstor's <c>LS_*</c> environment.</summary>
internal sealed record LinstorSettings(ImmutableArray<ControllerAddress> Controllers)
{
    /// <summary>The login for every LINSTOR controller; null if each URL's own user info counts.</summary>
    public Login? Login { get; init; }

    /// <summary>The source of the bearer token, which replaces every <see cref="Login"/>.</summary>
    public CredentialSource? Token { get; init; }

    public TlsSettings Tls { get; init; } = new();

    /// <param name="environment">Returns a variable's value; null if it is not set, which is not the same as empty.</param>
    /// <param name="clock">Shows when a token must be read again.</param>
    /// <param name="logger">Logs what could not be read again.</param>
    /// <exception cref="SettingsException">A variable, or a file that it names, cannot be used.</exception>
    public static LinstorSettings FromEnvironment(Func<string, string?> environment, TimeProvider clock, ILogger logger)
    {
        var certificate = Find(environment, "LS_USER_CERTIFICATE");
        var key = Find(environment, "LS_USER_KEY");
        var authorities = Find(environment, "LS_ROOT_CA");
        var scheme = certificate is null && key is null && authorities is null ? "http" : "https";

        return new LinstorSettings(Addresses(environment("LS_CONTROLLERS") ?? "", scheme))
        {
            Login = environment("LS_USERNAME") is { Length: > 0 } user ? new Login(user, environment("LS_PASSWORD") ?? "") : null,
            Token = FindFile(environment, "LS_BEARER_TOKEN_FILE") is { } token ? new BearerToken(token, clock, logger).CurrentAsync : null,
            Tls = new TlsSettings { Authorities = authorities, Identity = Identity(certificate, key, logger) }.Verified(),
        };
    }

    private static ImmutableArray<ControllerAddress> Addresses(string list, string scheme)
    {
        var elements = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return [.. (elements is [] ? ["localhost"] : elements).Select(element => ControllerAddress.Parse(element, scheme))];
    }

    /// <summary>The value of a variable, or of the file that its <c>_FILE</c> variant names, which takes precedence; null if neither is set.</summary>
    private static ConfigSource? Find(Func<string, string?> environment, string variable) =>
        FindFile(environment, $"{variable}_FILE") ?? (environment(variable) is { } text ? ConfigSource.Inline(variable, text) : null);

    private static ConfigSource? FindFile(Func<string, string?> environment, string variable) =>
        environment(variable) is { } path ? ConfigSource.FromFile(variable, path) : null;

    private static Func<SslStreamCertificateContext?> Identity(ConfigSource? certificate, ConfigSource? key, ILogger logger) => (certificate, key) switch
    {
        (null, null) => () => null,
        ({ }, { }) => new LastGoodValue<SslStreamCertificateContext>(() => Pem.Identity(certificate, key), logger).Read,
        ({ }, null) => throw new SettingsException($"{certificate.Origin} is set, but neither LS_USER_KEY nor LS_USER_KEY_FILE"),
        (null, { }) => throw new SettingsException($"{key.Origin} is set, but neither LS_USER_CERTIFICATE nor LS_USER_CERTIFICATE_FILE"),
    };
}
