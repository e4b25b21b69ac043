using System.Net.Security;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>The credential that a plugin granted last, until it is about to expire or was refused.</summary>
internal sealed class PluginCredentials(ExecPlugin plugin, TimeProvider clock) : IDisposable
{
    /// <summary>How long before its expiry a credential is replaced, so that no request arrives with an expired one.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private Task<Credential>? _running;
    private volatile Grant? _last;

    /// <summary>The certificate of the last grant; its TLS handshake comes after the request that obtained it.</summary>
    public SslStreamCertificateContext? Identity => _last?.Credential.Identity;

    public async ValueTask<Credential> CurrentAsync(Credential? refused, CancellationToken cancellation)
    {
        if (Usable(refused) is { } granted)
        {
            return granted;
        }

        // A plugin may need longer than the deadline of the request that began it. It goes on, and a later request finds what it obtained.
        Task<Credential> running;
        lock (_gate)
        {
            if (Usable(refused) is { } meanwhile)
            {
                return meanwhile;
            }

            running = _running = _running is { IsCompleted: false } ? _running : ObtainAsync();
        }

        return await running.WaitAsync(cancellation);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task<Credential> ObtainAsync() => (_last = Examine(await plugin.RunAsync(_stop.Token))).Credential;

    private Credential? Usable(Credential? refused) => _last is { } last && !ReferenceEquals(last.Credential, refused) && clock.GetUtcNow() < last.Until
        ? last.Credential
        : null;

    private Grant Examine(ExecCredentialStatus status)
    {
        var identity = (status.ClientCertificateData, status.ClientKeyData) switch
        {
            (null or "", null or "") => null,
            ({ } certificate, { } key) => Parse(certificate, key),
            _ => throw plugin.Failure("answered with half a key pair"),
        };

        if (string.IsNullOrEmpty(status.Token) && identity is null)
        {
            throw plugin.Failure("answered with neither a token nor a client certificate");
        }

        var header = string.IsNullOrEmpty(status.Token) ? null : Bearer(status.Token).Header;
        return new Grant(new Credential(header, identity), Until(status.ExpirationTimestamp));
    }

    /// <summary>A credential that lives for less than the margin is still useful for most of its life.</summary>
    private DateTimeOffset Until(DateTimeOffset? expiry)
    {
        if (expiry is not { } end)
        {
            return DateTimeOffset.MaxValue;
        }

        var tenth = (end - clock.GetUtcNow()) / 10;
        return end - (tenth < TimeSpan.Zero ? TimeSpan.Zero : tenth < Margin ? tenth : Margin);
    }

    private Credential Bearer(string token) => Granted(() => Credential.Bearer("its token", token));

    private SslStreamCertificateContext Parse(string certificate, string key) =>
        Granted(() => Pem.Identity(ConfigSource.Inline("its certificate", certificate), ConfigSource.Inline("its key", key)));

    private T Granted<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SettingsException problem)
        {
            throw plugin.Failure($"answered badly: {problem.Message}");
        }
    }

    private sealed record Grant(Credential Credential, DateTimeOffset Until);
}
