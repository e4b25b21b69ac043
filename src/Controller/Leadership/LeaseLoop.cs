using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Leadership;

/// <summary>Runs for the Lease, renews it, and gives it up at the end; writes what client-go would write.</summary>
/// <param name="kubernetes">A client with connections of its own, so that nothing else can starve a renewal.</param>
/// <param name="key">The Lease.</param>
/// <param name="me">Our identity.</param>
/// <param name="hold">Is kept informed.</param>
/// <param name="inbox">Is woken when leadership changes: what a standby left undone is due at once.</param>
/// <param name="clock">The clock of the race.</param>
/// <param name="provider">Wall time for the record, and the pauses.</param>
/// <param name="logger">Is told who leads.</param>
internal sealed partial class LeaseLoop(
    KubernetesClient kubernetes,
    ObjectKey key,
    string me,
    LeaseHold hold,
    ChannelWriter<Observation> inbox,
    MonotonicClock clock,
    TimeProvider provider,
    ILogger<LeaseLoop> logger)
{
    private const int DurationSeconds = 15;

    private static readonly TimeSpan RenewDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReleaseDeadline = TimeSpan.FromSeconds(3);

    private LeaseRace _race = new(me, RenewDeadline);
    private WireLease? _lease;
    private string? _told;
    private string? _trouble;

    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await TryMoveAsync(cancellation);
                var chance = _race.Holds(clock.Now) ? 0 : Random.Shared.NextDouble() / 5;
                await Task.Delay(RetryPeriod * (1 + chance), provider, cancellation);
            }
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    private async Task TryMoveAsync(CancellationToken cancellation)
    {
        try
        {
            switch (_race.Next(clock.Now))
            {
                case LeaseMove.Renew:
                case LeaseMove.Take when _race.Record is not null:
                    await WriteAsync(cancellation);
                    break;
                default:
                    await LookAsync(cancellation);
                    break;
            }

            _trouble = null;
        }
        catch (KubernetesException lost) when (lost.Status == HttpStatusCode.Conflict || (lost.Status == HttpStatusCode.NotFound && _lease is not null))
        {
            await LookAgainAsync(cancellation); // somebody else was faster, or has deleted the Lease
        }
        catch (Exception weather) when (IsWeather(weather) && !cancellation.IsCancellationRequested)
        {
            CouldNot(weather);
        }

        Tell();
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        _lease = await kubernetes.GetLeaseAsync(key, cancellation);
        Update(_race.Looked(_lease is null ? null : Record(_lease), clock.Now));
        if (_race.Next(clock.Now) == LeaseMove.Take)
        {
            await WriteAsync(cancellation);
        }
    }

    private async Task LookAgainAsync(CancellationToken cancellation)
    {
        try
        {
            _lease = await kubernetes.GetLeaseAsync(key, cancellation);
            Update(_race.Looked(_lease is null ? null : Record(_lease), clock.Now));
        }
        catch (Exception weather) when (IsWeather(weather) && !cancellation.IsCancellationRequested)
        {
            CouldNot(weather);
        }
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        var sent = clock.Now;
        _lease = await kubernetes.WriteLeaseAsync(key, Mine(), cancellation);
        Update(_race.Wrote(Record(_lease), sent));
    }

    private void Update(LeaseRace race)
    {
        _race = race;
        hold.Update(race);
    }

    private WireLease Mine()
    {
        var now = provider.GetUtcNow();
        var isMine = _lease?.Spec.HolderIdentity == me;
        return new()
        {
            Metadata = _lease?.Metadata ?? new() { Name = key.Name, Namespace = key.Namespace },
            Spec = new()
            {
                HolderIdentity = me,
                LeaseDurationSeconds = DurationSeconds,
                AcquireTime = isMine ? _lease!.Spec.AcquireTime : now,
                RenewTime = now,
                LeaseTransitions = _lease is null ? 0 : (_lease.Spec.LeaseTransitions ?? 0) + (isMine ? 0 : 1),
            },
        };
    }

    // With a token of its own: the one that asked us to stop is cancelled already.
    private async Task ReleaseAsync()
    {
        if (!_race.Holds(clock.Now))
        {
            return;
        }

        Update(_race.Released());
        using var deadline = new CancellationTokenSource(ReleaseDeadline, provider);
        try
        {
            await WriteReleaseAsync(deadline.Token);
            Released(key);
        }
        catch (KubernetesException conflict) when (conflict.Status == HttpStatusCode.Conflict)
        {
            await ReleaseAnewAsync(deadline.Token);
        }
        catch (Exception weather) when (IsWeather(weather))
        {
            CouldNot(weather); // it expires by itself
        }
    }

    // A renewal that our own end has cut off may have arrived all the same, and made another version of the Lease.
    private async Task ReleaseAnewAsync(CancellationToken cancellation)
    {
        try
        {
            _lease = await kubernetes.GetLeaseAsync(key, cancellation);
            if (_lease?.Spec.HolderIdentity == me)
            {
                await WriteReleaseAsync(cancellation);
                Released(key);
            }
        }
        catch (Exception weather) when (IsWeather(weather))
        {
            CouldNot(weather);
        }
    }

    private async Task WriteReleaseAsync(CancellationToken cancellation)
    {
        var released = Mine();
        (released.Spec.HolderIdentity, released.Spec.LeaseDurationSeconds, released.Spec.AcquireTime) = ("", 1, released.Spec.RenewTime);
        await kubernetes.WriteLeaseAsync(key, released, cancellation);
    }

    private void Tell()
    {
        var leader = _race.Holds(clock.Now) ? me : _race.Record?.Holder is { Length: > 0 } holder && holder != me ? holder : "";
        if (leader == _told)
        {
            return;
        }

        _told = leader;
        Leads(leader.Length == 0 ? "Nobody" : leader == me ? "This replica" : leader, key);
        inbox.TryWrite(new Observation.Woken()); // where there is no room, the loop is about to think anyway
    }

    private void CouldNot(Exception weather)
    {
        var reason = weather is KubernetesException { Status: HttpStatusCode.Forbidden }
            ? $"{Permission.MissingIn(key.Namespace, "coordination.k8s.io", "leases", "get", "create", "update")} ({weather.Message})"
            : weather.Message;
        CouldNot(_trouble == reason ? LogLevel.Debug : LogLevel.Warning, key, reason);
        _trouble = reason;
    }

    private static LeaseRecord Record(WireLease lease) =>
        new(lease.Spec.HolderIdentity, lease.Metadata.ResourceVersion ?? "", TimeSpan.FromSeconds(lease.Spec.LeaseDurationSeconds ?? DurationSeconds));

    private static bool IsWeather(Exception e) =>
        e is KubernetesException or HttpRequestException or TimeoutException or IOException or JsonException or OperationCanceledException;

    [LoggerMessage(400, LogLevel.Information, "{Leader} holds lease {Lease}.")]
    private partial void Leads(string leader, ObjectKey lease);

    [LoggerMessage(EventId = 401, Message = "Could not read or write lease {Lease}: {Reason}")]
    private partial void CouldNot(LogLevel level, ObjectKey lease, string reason);

    [LoggerMessage(402, LogLevel.Information, "Gave lease {Lease} up.")]
    private partial void Released(ObjectKey lease);
}
