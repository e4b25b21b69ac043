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
                    await WriteAsync(Mine(taking: false), cancellation);
                    break;
                case LeaseMove.Take when _race.Record is not null:
                    await WriteAsync(Mine(taking: true), cancellation);
                    break;
                default:
                    await LookAsync(cancellation);
                    break;
            }
        }
        catch (KubernetesException conflict) when (conflict.Status == HttpStatusCode.Conflict)
        {
            await LookAgainAsync(cancellation); // somebody else was faster
        }
        catch (Exception weather) when (IsWeather(weather) && !cancellation.IsCancellationRequested)
        {
            CouldNot(key, weather is KubernetesException { Status: HttpStatusCode.Forbidden } forbidden
                ? $"{Permission.Missing("coordination.k8s.io", "leases", "get", "create", "update")} ({forbidden.Message})"
                : weather.Message);
        }

        await TellAsync(cancellation);
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        _lease = await kubernetes.GetLeaseAsync(key, cancellation);
        Update(_race.Looked(_lease is null ? null : Record(_lease), clock.Now));
        if (_race.Next(clock.Now) == LeaseMove.Take)
        {
            await WriteAsync(Mine(taking: true), cancellation);
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
            CouldNot(key, weather.Message);
        }
    }

    private async Task WriteAsync(WireLease lease, CancellationToken cancellation)
    {
        var sent = clock.Now;
        _lease = await kubernetes.WriteLeaseAsync(key, lease, cancellation);
        Update(_race.Wrote(Record(_lease), sent));
    }

    private void Update(LeaseRace race)
    {
        _race = race;
        hold.Update(race);
    }

    private WireLease Mine(bool taking)
    {
        var now = provider.GetUtcNow();
        return new()
        {
            Metadata = new() { Name = key.Name, Namespace = key.Namespace, ResourceVersion = _lease?.Metadata.ResourceVersion, Uid = _lease?.Metadata.Uid, Labels = _lease?.Metadata.Labels, Annotations = _lease?.Metadata.Annotations },
            Spec = new()
            {
                HolderIdentity = me,
                LeaseDurationSeconds = DurationSeconds,
                AcquireTime = taking || _lease is null ? now : _lease.Spec.AcquireTime,
                RenewTime = now,
                LeaseTransitions = _lease is null ? 0 : (_lease.Spec.LeaseTransitions ?? 0) + (taking && _lease.Spec.HolderIdentity != me ? 1 : 0),
            },
        };
    }

    // With a token of its own: the one that asked us to stop is cancelled already.
    private async Task ReleaseAsync()
    {
        if (!_race.Holds(clock.Now) || _lease is null)
        {
            return;
        }

        Update(_race.Released());
        using var deadline = new CancellationTokenSource(ReleaseDeadline, provider);
        var released = Mine(taking: false);
        (released.Spec.HolderIdentity, released.Spec.LeaseDurationSeconds) = ("", 1);
        try
        {
            await kubernetes.WriteLeaseAsync(key, released, deadline.Token);
            Released(key);
        }
        catch (Exception weather) when (IsWeather(weather))
        {
            CouldNot(key, weather.Message); // it expires by itself
        }
    }

    private async Task TellAsync(CancellationToken cancellation)
    {
        var leader = _race.Holds(clock.Now) ? me : _race.Record?.Holder is { Length: > 0 } holder && holder != me ? holder : "";
        if (leader == _told)
        {
            return;
        }

        _told = leader;
        Leads(leader.Length == 0 ? "Nobody" : leader == me ? "This replica" : leader, key);
        await inbox.WriteAsync(new Observation.Woken(), cancellation);
    }

    private static LeaseRecord Record(WireLease lease) =>
        new(lease.Spec.HolderIdentity, lease.Metadata.ResourceVersion ?? "", TimeSpan.FromSeconds(lease.Spec.LeaseDurationSeconds ?? DurationSeconds));

    private static bool IsWeather(Exception e) =>
        e is KubernetesException or HttpRequestException or TimeoutException or IOException or JsonException or OperationCanceledException;

    [LoggerMessage(400, LogLevel.Information, "{Leader} holds lease {Lease}.")]
    private partial void Leads(string leader, ObjectKey lease);

    [LoggerMessage(401, LogLevel.Warning, "Could not read or write lease {Lease}: {Reason}")]
    private partial void CouldNot(ObjectKey lease, string reason);

    [LoggerMessage(402, LogLevel.Information, "Gave lease {Lease} up.")]
    private partial void Released(ObjectKey lease);
}
