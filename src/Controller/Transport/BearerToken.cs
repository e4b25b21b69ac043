using System.Text.Json;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>A bearer token in a file that is rotated: read again once a minute, and at once after a refusal.</summary>
/// <remarks>The kubelet swaps a directory link, which file watchers miss, so the file is read and not watched.</remarks>
internal sealed class BearerToken
{
    private static readonly TimeSpan Trust = TimeSpan.FromMinutes(1);

    private readonly LastGoodValue<Credential> _file;
    private readonly TimeProvider _clock;
    private volatile TokenReading _last;

    /// <exception cref="SettingsException">The file cannot be read, or holds no token.</exception>
    public BearerToken(ConfigSource file, TimeProvider clock, ILogger logger)
    {
        _file = new LastGoodValue<Credential>(() => Credential.Bearer(file.Origin, Token(file)), logger);
        _clock = clock;
        _last = new TokenReading(_file.Read(), clock.GetTimestamp());
    }

    public ValueTask<Credential> CurrentAsync(Credential? refused, CancellationToken cancellation)
    {
        var last = _last;
        if (ReferenceEquals(refused, last.Credential) || _clock.GetElapsedTime(last.At) >= Trust)
        {
            _last = last = ReadAgain(last.Credential);
        }

        return ValueTask.FromResult(last.Credential);
    }

    /// <summary>An unchanged token stays the same credential, so that a caller whose credential was refused sees that there is no newer one.</summary>
    private TokenReading ReadAgain(Credential last)
    {
        var read = _file.Read();
        return new TokenReading(Equals(read.Header, last.Header) ? last : read, _clock.GetTimestamp());
    }

    /// <summary>The bare token, or the <c>token</c> of a JSON object, as golinstor allows.</summary>
    private static string Token(ConfigSource file)
    {
        var text = file.Read().Trim();
        var token = Property(text) ?? text;
        return token.Length > 0 ? token : throw new SettingsException($"{file.Origin} is empty");
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

    private sealed record TokenReading(Credential Credential, long At);
}
