using System.Text.Json;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The file of a bearer token: the bare token, or a JSON object with a string <c>token</c>.</summary>
internal sealed class TokenFile
{
    private const string Variable = "LS_BEARER_TOKEN_FILE";

    private readonly string _path;

    /// <exception cref="SettingsException">The file cannot be read, or holds no token.</exception>
    public TokenFile(string path)
    {
        _path = path;
        First = Read();
    }

    /// <summary>The token that the file held at the start.</summary>
    public string First { get; }

    /// <exception cref="SettingsException">The file cannot be read, or holds no token.</exception>
    public string Read()
    {
        var text = PemSource.ReadFile(Variable, _path).Trim();
        var token = Property(text) ?? text;

        // What is not visible ASCII cannot stand in a header; the text itself must not stand in a message.
        return token.Length > 0 && token.All(c => c is > ' ' and <= '~') ? token : throw new SettingsException($"{Variable}: '{_path}' holds no token.");
    }

    private static string? Property(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("token", out var token)
                && token.ValueKind is JsonValueKind.String
                    ? token.GetString()?.Trim()
                    : null;
        }
        catch (JsonException)
        {
            return null; // Not JSON: the whole text is the token.
        }
    }
}
