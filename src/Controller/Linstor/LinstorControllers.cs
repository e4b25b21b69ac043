using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The configured LINSTOR controllers, one of which is current: every request and the event stream go there.</summary>
/// <remarks>A better one replaces it, never an equal one, so that two bad ones do not alternate.</remarks>
/// <param name="addresses">Their addresses, in the configured order.</param>
/// <param name="ask">Requests the nodes of one, which shows its health; throws only for a cancellation.</param>
/// <param name="clock">Measures the pauses.</param>
/// <param name="logger">Logs which one is used, and why.</param>
internal sealed partial class LinstorControllers(
    ImmutableArray<ControllerAddress> addresses,
    Func<ControllerAddress, CancellationToken, Task<NodesAnswer>> ask,
    TimeProvider clock,
    ILogger<LinstorControllers> logger) : IDisposable
{
    /// <summary>
    /// The shortest time between two searches for a better one while the current one answers, and between two moves to one that does not serve: a LINSTOR controller that has just started needs a
    /// few seconds to connect its satellites.
    /// </summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>After a failed request, and when another one serves, how long the current one may take to show that it serves.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly MonotonicClock _clock = new(clock);
    private readonly Lock _searching = new();
    private volatile ControllerSession _current = new(addresses[0]);
    private Task<ControllerSession?> _search = Task.FromResult<ControllerSession?>(null);
    private Instant? _searchedAt;
    private Instant? _movedAt;
    private ControllerUsefulness? _complaint;
    private bool _hasServed;

    public ControllerSession Current => _current;

    /// <summary>Whether there is any other than the current one.</summary>
    public bool HasOthers => addresses.Length > 1;

    /// <summary>Ends the stream that is open, if any.</summary>
    public void Dispose() => _current.Dispose();

    /// <summary>A request failed, although the current one may be healthy. If it still serves, it stays, because the fault may be in that request alone.</summary>
    /// <returns>The one that replaced it; null if it stays.</returns>
    public Task<ControllerSession?> LeaveAsync(ControllerSession failed, CancellationToken cancellation) => ReplaceAsync(failed, null, cancellation);

    /// <summary>Takes note of the current one's answer to a request for its nodes.</summary>
    /// <returns>The one that replaced it; null if it stays.</returns>
    public Task<ControllerSession?> AssessAsync(ControllerSession asked, ControllerHealth health, CancellationToken cancellation)
    {
        asked.Health = health;
        if (health.Standing is ControllerUsefulness.Serving)
        {
            Serves();
            return Task.FromResult(_current == asked ? null : _current);
        }

        return ReplaceAsync(asked, health, cancellation);
    }

    /// <remarks>A caller that arrives during a search shares it: with a dead LINSTOR, requests must not wait for one search after another.</remarks>
    private Task<ControllerSession?> ReplaceAsync(ControllerSession failed, ControllerHealth? health, CancellationToken cancellation)
    {
        lock (_searching)
        {
            if (_current != failed || !HasOthers)
            {
                return Task.FromResult(_current == failed ? null : _current);
            }

            if (_search.IsCompleted)
            {
                if (health is { Standing: > ControllerUsefulness.Unusable } && _clock.Now - _searchedAt < Pause)
                {
                    return Task.FromResult<ControllerSession?>(null);
                }

                _searchedAt = _clock.Now;
                _search = Task.Run(() => SearchAsync(failed, health), CancellationToken.None);
            }

            return _search.WaitAsync(cancellation);
        }
    }

    private async Task<ControllerSession?> SearchAsync(ControllerSession current, ControllerHealth? health)
    {
        using var decided = new CancellationTokenSource();
        var own = health is null ? ProbeAsync(current.Address, decided.Token) : Task.FromResult(new KnownController(current.Address, health));
        var best = await BestAsync(own, [.. addresses.Where(address => address != current.Address).Select(address => ProbeAsync(address, decided.Token))]);
        health = own.IsCompletedSuccessfully ? (await own).Health : health;
        await decided.CancelAsync();
        current.Health = health ?? current.Health;
        if (health?.Standing is ControllerUsefulness.Serving)
        {
            Serves();
            return null;
        }

        if (best is null || !IsBetter(best.Health.Standing, health?.Standing ?? ControllerUsefulness.Unusable))
        {
            Stay(current);
            return null;
        }

        var next = new ControllerSession(best.Address, best.Health);
        Moved(next.Address, string.Join(' ', health?.Fault ?? $"LINSTOR controller {current.Address} does not answer.", best.Health.Fault).TrimEnd());
        _movedAt = _clock.Now;
        if (best.Health.Standing is ControllerUsefulness.Serving)
        {
            Serves();
        }

        _current = next;
        current.Dispose();
        return next;
    }

    /// <summary>The best of the others, as soon as it is known.</summary>
    private async Task<KnownController?> BestAsync(Task<KnownController> own, ImmutableArray<Task<KnownController>> others)
    {
        KnownController? best = null;
        await foreach (var answered in Task.WhenEach(others.Add(own)))
        {
            var candidate = await answered;
            best = answered == own || candidate.Health.Standing <= best?.Health.Standing ? best : candidate;
            if (candidate.Health.Standing is ControllerUsefulness.Serving)
            {
                // The current one, if it is another, gets a little time: a change because of a short delay would cost a stream.
                await Task.WhenAny(own, Task.Delay(Patience, clock));
                break;
            }
        }

        return best;
    }

    /// <remarks>One without nodes is not the one that had satellites before, and one that is only less bad may have to wait.</remarks>
    private bool IsBetter(ControllerUsefulness other, ControllerUsefulness current) => other > current && other switch
    {
        ControllerUsefulness.Serving => true,
        ControllerUsefulness.Empty when _hasServed => false,
        _ => _movedAt is not { } moved || _clock.Now - moved >= Pause,
    };

    private void Serves()
    {
        lock (_searching)
        {
            (_hasServed, _complaint) = (true, null);
        }
    }

    private void Stay(ControllerSession current)
    {
        lock (_searching)
        {
            if (current.Health is { Fault: { } fault } health && _complaint != health.Standing)
            {
                _complaint = health.Standing;
                Stays(current.Address, fault);
            }
        }
    }

    private async Task<KnownController> ProbeAsync(ControllerAddress address, CancellationToken decided)
    {
        try
        {
            return new(address, (await ask(address, decided)).Health);
        }
        catch (OperationCanceledException) when (decided.IsCancellationRequested)
        {
            return new(address, new(ControllerUsefulness.Unusable, null)); // its answer no longer matters
        }
    }

    [LoggerMessage(300, LogLevel.Warning, "LINSTOR controller {New} is used from now on. {Reason}")]
    private partial void Moved(ControllerAddress @new, string reason);

    [LoggerMessage(303, LogLevel.Warning, "LINSTOR controller {Current} stays in use, because no other one is better. {Fault}")]
    private partial void Stays(ControllerAddress current, string fault);

    private sealed record KnownController(ControllerAddress Address, ControllerHealth Health);
}
