using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The configured LINSTOR controllers, one of which is current: every request and the event stream go there.</summary>
/// <remarks>Whether one lives is up to <c>prove</c>, which throws if it gives no answer: a bare TCP accept is not life.</remarks>
internal sealed partial class LinstorControllers(
    ImmutableArray<ControllerAddress> addresses, Func<ControllerAddress, CancellationToken, Task> prove, ILogger<LinstorControllers> logger) : IDisposable
{
    private readonly Lock _searching = new();
    private volatile Seat _current = new(addresses[0]);
    private Task<Seat?> _search = Task.FromResult<Seat?>(null);

    public Seat Current => _current;

    /// <summary>Ends the stream that is open, if any.</summary>
    public void Dispose() => _current.Dispose();

    /// <summary>Moves from a LINSTOR controller that failed to another that answers; null if none does.</summary>
    /// <remarks>Whoever fails while a search is under way shares it: a dead LINSTOR must not make each request wait for all before it.</remarks>
    public Task<Seat?> LeaveAsync(Seat failed, CancellationToken cancellation)
    {
        lock (_searching)
        {
            if (_current != failed)
            {
                return Task.FromResult<Seat?>(_current);
            }

            if (_search.IsCompleted)
            {
                _search = Task.Run(() => SearchAsync(failed), CancellationToken.None);
            }

            return _search.WaitAsync(cancellation);
        }
    }

    private async Task<Seat?> SearchAsync(Seat failed)
    {
        using var found = new CancellationTokenSource();
        var others = addresses.Where(address => address != failed.Address).Select(address => ProbeAsync(address, found.Token)).ToList();
        Seat? next = null;
        await foreach (var probe in Task.WhenEach(others))
        {
            if (next is null && await probe is { } living)
            {
                next = new Seat(living);
                await found.CancelAsync();
            }
        }

        if (next is not null)
        {
            Moved(failed.Address, next.Address);
            _current = next;
            failed.Dispose();
        }

        return next;
    }

    private async Task<ControllerAddress?> ProbeAsync(ControllerAddress address, CancellationToken found)
    {
        try
        {
            await prove(address, found);
            return address;
        }
        catch (LinstorException)
        {
            return null;
        }
        catch (OperationCanceledException) when (found.IsCancellationRequested)
        {
            return null; // Another was faster.
        }
    }

    [LoggerMessage(300, LogLevel.Warning, "LINSTOR controller {Old} does not answer; {New} does and is used from now on.")]
    private partial void Moved(ControllerAddress old, ControllerAddress @new);
}

/// <summary>The time during which one LINSTOR controller is current; disposed when another takes over.</summary>
internal sealed class Seat : IDisposable
{
    private readonly CancellationTokenSource _left = new();

    public Seat(ControllerAddress address) => (Address, Left) = (address, _left.Token);

    public ControllerAddress Address { get; }

    /// <summary>Cancelled when the time is over: a stream that is open here has nothing more to say.</summary>
    public CancellationToken Left { get; }

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }
}
