using System.Globalization;
using System.Text.RegularExpressions;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The address of one LINSTOR controller.</summary>
/// <param name="Root">Scheme, host and port; never a path, a query or user info.</param>
/// <param name="Login">The user info of the configured URL, if any.</param>
internal sealed partial record ControllerAddress(Uri Root, Login? Login = null)
{
    private const string Separator = "://";

    /// <summary>Reads one element of <c>LS_CONTROLLERS</c> as golinstor does. Forms that golinstor refuses are read as they are obviously meant.</summary>
    /// <exception cref="SettingsException">The element is not an address, or has a scheme that LINSTOR does not support.</exception>
    public static ControllerAddress Parse(string element, string defaultScheme)
    {
        var cut = element.IndexOf(Separator, StringComparison.Ordinal);
        var scheme = cut < 0 ? defaultScheme : Scheme(element[..cut], defaultScheme);
        var rest = cut < 0 ? element : element[(cut + Separator.Length)..];

        // A scheme without a default port distinguishes "no port" from "port 80", which an http URI does not. A URL escapes the zone of a link-local address (fe80::1%25eth0), which .NET expects
        // unescaped.
        if (!Uri.TryCreate("linstor" + Separator + Zone().Replace(rest, "$1%"), UriKind.Absolute, out var parsed) || parsed.Host.Length is 0)
        {
            throw new SettingsException($"LS_CONTROLLERS: '{WithoutUserInfo(rest)}' is not a host, host:port or URL");
        }

        var port = parsed.Port >= 0 ? parsed.Port : scheme is "https" ? 3371 : 3370;
        return new ControllerAddress(new Uri(string.Create(CultureInfo.InvariantCulture, $"{scheme}://{HostOf(parsed)}:{port}")), Login.Parse(parsed.UserInfo));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Root.Scheme}://{HostOf(Root)}{(Root.IsDefaultPort ? "" : $":{Root.Port}")}");

    // Uri.Host leaves the zone out.
    private static string HostOf(Uri address) => address.HostNameType == UriHostNameType.IPv6 ? $"[{address.IdnHost}]" : address.Host;

    [GeneratedRegex(@"^((?:[^@]*@)?\[[0-9a-fA-F:.]+)%25")]
    private static partial Regex Zone();

    private static string Scheme(string given, string defaultScheme) => given.ToLowerInvariant() switch
    {
        "linstor" => defaultScheme,
        "linstor+ssl" => "https",
        "http" => "http",
        "https" => "https",
        _ => throw new SettingsException($"LS_CONTROLLERS: the scheme '{given}' is none of http, https, linstor and linstor+ssl"),
    };

    private static string WithoutUserInfo(string text) => text[(text.LastIndexOf('@') + 1)..];
}
