using Piraeus.HighAvailability.Controller.Net;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>A bearer token in a file that others rotate: read again once a minute, and at once when it was refused.</summary>
/// <remarks>The kubelet swaps a directory link, which file watchers miss; so the file is read and not watched.</remarks>
internal sealed class BearerToken
{
    private static readonly TimeSpan Trust = TimeSpan.FromMinutes(1);

    private readonly string _origin;
    private readonly string _path;
    private readonly TimeProvider _clock;
    private volatile Reading _last;

    public BearerToken(string origin, string path, TimeProvider clock)
    {
        _origin = $"{origin} {path}";
        _path = path;
        _clock = clock;
        try
        {
            _last = Read() ?? throw new SettingsException($"{_origin} is empty");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{_origin} cannot be read: {FileProblem.Describe(problem)}");
        }
    }

    public ValueTask<Credential> CurrentAsync(Credential? refused, CancellationToken cancellation)
    {
        var last = _last;
        if (ReferenceEquals(refused, last.Credential) || _clock.GetElapsedTime(last.At) >= Trust)
        {
            _last = last = ReadAgain(last);
        }

        return ValueTask.FromResult(last.Credential);
    }

    /// <summary>A file that is gone or garbled for a moment costs nothing while the last token is still good.</summary>
    private Reading ReadAgain(Reading last)
    {
        try
        {
            var now = Read() ?? last;
            // The same token stays the same credential, so that whoever was refused sees that there is no fresher one.
            return now.Token == last.Token ? last with { At = _clock.GetTimestamp() } : now;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or SettingsException)
        {
            return last;
        }
    }

    private Reading? Read()
    {
        var token = File.ReadAllText(_path).Trim();
        return token.Length == 0 ? null : new Reading(token, Credential.Bearer(_origin, token), _clock.GetTimestamp());
    }

    private sealed record Reading(string Token, Credential Credential, long At);
}
