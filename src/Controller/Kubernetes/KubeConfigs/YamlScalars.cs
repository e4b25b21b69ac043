using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>The type of a YAML scalar.</summary>
internal enum ScalarKind
{
    Text,
    Boolean,
    Number,
    Null,
}

/// <summary>Reads scalars as go-yaml does for kubectl, which is YAML 1.1: <c>yes</c>, <c>Off</c> and <c>y</c> are booleans, <c>Null</c> is null, <c>1_000</c> and <c>0x1F</c> are numbers; times are text.</summary>
/// <remarks>YamlDotNet's own resolution is that of YAML 1.2. It is part of its deserializer, which uses reflection and would not survive trimming.</remarks>
internal static partial class YamlScalars
{
    private const string Namespace = "tag:yaml.org,2002:";

    public static ScalarKind KindOf(YamlScalarNode scalar) => Tag(scalar) switch
    {
        "str" or "binary" => ScalarKind.Text,
        null when scalar.Style is not ScalarStyle.Plain => ScalarKind.Text,
        _ => Resolve(scalar.Value ?? ""),
    };

    public static bool IsTrue(YamlScalarNode scalar) => scalar.Value is "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON";

    /// <summary>The text of a scalar; null if it is marked as base64 and is not.</summary>
    public static string? Text(YamlScalarNode scalar)
    {
        if (Tag(scalar) != "binary")
        {
            return scalar.Value ?? "";
        }

        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(scalar.Value ?? ""));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether a key is the merge key.</summary>
    public static bool IsMerge(YamlScalarNode key) => Tag(key) == "merge" || (key.Value == "<<" && key.Style is ScalarStyle.Plain && Tag(key) is null);

    // Only the standard tags: for go-yaml, a scalar with a custom tag is what it looks like, or text.
    private static string? Tag(YamlScalarNode scalar) =>
        !scalar.Tag.IsEmpty && !scalar.Tag.IsNonSpecific && scalar.Tag.Value.StartsWith(Namespace, StringComparison.Ordinal) ? scalar.Tag.Value[Namespace.Length..] : null;

    private static ScalarKind Resolve(string value) => value switch
    {
        "" or "~" or "null" or "Null" or "NULL" => ScalarKind.Null,
        "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON"
            or "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF" => ScalarKind.Boolean,
        ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" or "-.inf" or "-.Inf" or "-.INF" or ".nan" or ".NaN" or ".NAN" => ScalarKind.Number,
        _ => value[0] is not '_' && Number().IsMatch(value.Replace("_", "", StringComparison.Ordinal)) ? ScalarKind.Number : ScalarKind.Text,
    };

    [GeneratedRegex(@"^[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)$", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
