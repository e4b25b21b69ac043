using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Leadership;

/// <summary>Acquires the Lease, renews it, and gives it up at the end, with the same writes as client-go. <see cref="LeaderElection"/> decides the next step.</summary>
/// <param name="kubernetes">A client with connections of its own, so that nothing else can starve a renewal.</param>
/// <param name="key">The Lease.</param>
/// <param name="hold">Keeps the state of the election.</param>
/// <param name="inbox">Gets a tick when leadership changes: decisions that a standby did not carry out are due at once.</param>
/// <param name="clock">The clock of the election.</param>
/// <param name="provider">The wall time for the record, and the pauses.</param>
/// <param name="logger">Logs the leader.</param>
internal sealed partial class LeaseLoop(
    KubernetesClient kubernetes,
    ObjectKey key,
    LeadershipStatus hold,
    ChannelWriter<Observation> inbox,
    MonotonicClock clock,
    TimeProvider provider,
    ILogger<LeaseLoop> logger)
{
    private static readonly TimeSpan ReleaseDeadline = TimeSpan.FromSeconds(3);

    private WireLease? _lease;
    private string _loggedLeader = LeadershipStatus.NoReplica; // a new process need not log this
    private string? _trouble;
    private bool _isStopping;

    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                if (hold.Begin(provider.GetUtcNow()) is { } request)
                {
                    hold.Answered(request, await SendAsync(request, cancellation), Random.Shared.NextDouble());
                }
                else
                {
                    LogLeadership();
                    await RestAsync(cancellation);
                }
            }
        }
        finally
        {
            await StopAsync();
        }
    }

    // With a token of its own, because the caller's is already cancelled.
    private async Task StopAsync()
    {
        _isStopping = true;
        hold.Stop();
        using var deadline = new CancellationTokenSource(ReleaseDeadline, provider);
        while (hold.Begin(provider.GetUtcNow()) is { } request)
        {
            hold.Answered(request, await SendAsync(request, deadline.Token), jitter: 0);
        }
    }

    /// <summary>Waits until something is due, or a source is lost or synced.</summary>
    private async Task RestAsync(CancellationToken cancellation)
    {
        var rest = hold.Election.WakeAt - clock.Now;
        if (rest <= TimeSpan.Zero)
        {
            return;
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(Task.Delay(rest, provider, over.Token), hold.ChangedAsync(over.Token));
        await over.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Carries a request out.</summary>
    /// <exception cref="OperationCanceledException">The request was cut off; every other end is an answer.</exception>
    private async Task<LeaseAnswer> SendAsync(LeaseRequest request, CancellationToken cancellation)
    {
        try
        {
            _lease = request.Record is { } record
                ? await kubernetes.WriteLeaseAsync(key, Wire(record, request.Version), cancellation)
                : await kubernetes.GetLeaseAsync(key, cancellation);
            Done(request);
            return new(LeaseOutcome.Done, _lease is null ? null : Record(_lease.Spec), _lease?.Metadata.ResourceVersion);
        }
        catch (KubernetesException faster) when (request.Record is not null && faster.Status == HttpStatusCode.Conflict)
        {
            return new(LeaseOutcome.Conflict);
        }
        catch (KubernetesException deleted) when (request.Version is not null && deleted.IsMissing)
        {
            return new(LeaseOutcome.NotFound);
        }
        catch (Exception failed) when ((failed.IsTransient() || failed is OperationCanceledException) && (_isStopping || !cancellation.IsCancellationRequested))
        {
            CouldNot(failed);
            return new(LeaseOutcome.Failed);
        }
    }

    private WireLease Wire(LeaseRecord record, string? version) => new()
    {
        // Our renewal must keep the labels and owners of the Lease.
        Metadata = version is not null && _lease is not null ? _lease.Metadata : new() { Name = key.Name, Namespace = key.Namespace },
        Spec = new()
        {
            HolderIdentity = record.Holder,
            LeaseDurationSeconds = record.DurationSeconds,
            AcquireTime = record.AcquireTime,
            RenewTime = record.RenewTime,
            LeaseTransitions = record.Transitions,
        },
    };

    private static LeaseRecord Record(WireLeaseSpec spec) => new(spec.HolderIdentity, spec.LeaseDurationSeconds, spec.AcquireTime, spec.RenewTime, spec.LeaseTransitions);

    private void Done(LeaseRequest request)
    {
        if (request.IsRelease)
        {
            Released(key, _isStopping ? "" : ", because this replica cannot decide");
        }

        if (request.Record is not null || hold.Election.LeaderAt(clock.Now) is not null)
        {
            _trouble = null; // a Lease that can be read, but not written, is still a problem
        }
    }

    private void LogLeadership()
    {
        var leader = hold.Leader;
        if (leader == _loggedLeader)
        {
            return;
        }

        _loggedLeader = leader;
        Leads(leader, key);
        inbox.TryWrite(new Observation.Tick()); // without room in the inbox, the loop is about to evaluate anyway
    }

    private void CouldNot(Exception failed)
    {
        var reason = RefusalText.Explain(failed, RefusalText.MissingIn(key.Namespace, "coordination.k8s.io", "leases", "get", "create", "update"));
        CouldNot(_trouble == reason ? LogLevel.Debug : LogLevel.Warning, key, reason);
        _trouble = reason;
    }

    [LoggerMessage(400, LogLevel.Information, "{Leader} holds lease {Lease}.")]
    private partial void Leads(string leader, ObjectKey lease);

    [LoggerMessage(EventId = 401, Message = "Could not read or write lease {Lease}: {Reason}")]
    private partial void CouldNot(LogLevel level, ObjectKey lease, string reason);

    [LoggerMessage(402, LogLevel.Information, "Gave lease {Lease} up{Because}.")]
    private partial void Released(ObjectKey lease, string because);
}
