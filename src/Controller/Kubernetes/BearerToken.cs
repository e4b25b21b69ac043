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
        _origin = origin;
        _path = path;
        _clock = clock;
        _last = Read();
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

    private Reading ReadAgain(Reading last)
    {
        try
        {
            var now = Read();
            // The same token stays the same credential, so that whoever was refused sees that there is no fresher one.
            return now.Token == last.Token ? last with { At = now.At } : now;
        }
        catch (SettingsException)
        {
            // A file that is gone or garbled for a moment costs nothing while the last token is still good.
            return last;
        }
    }

    private Reading Read()
    {
        var token = OperatorFile.Read(_origin, _path).Trim();
        return token.Length > 0
            ? new Reading(token, Credential.Bearer($"{_origin} {_path}", token), _clock.GetTimestamp())
            : throw new SettingsException($"{_origin} {_path} is empty");
    }

    private sealed record Reading(string Token, Credential Credential, long At);
}
