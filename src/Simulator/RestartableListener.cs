using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Piraeus.HighAvailability.Simulator;

/// <summary>Listeners that can be closed and reopened on the same port while the web server behind them keeps running.</summary>
/// <remarks>A closed listener refuses connections, and closing it breaks existing ones, as if the process had ended.</remarks>
internal sealed class RestartableListener(SocketTransportFactory sockets) : IConnectionListenerFactory
{
    private readonly List<OpenListener> _openListeners = [];

    /// <summary>The addresses of the listeners, in the order in which they were requested.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints => [.. _openListeners.Select(openListener => (IPEndPoint)openListener.EndPoint)];

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        try
        {
            var openListener = new OpenListener(sockets, await sockets.BindAsync(endpoint, cancellationToken));
            _openListeners.Add(openListener);
            return openListener;
        }
        catch (AddressInUseException taken)
        {
            throw new PortInUseException(((IPEndPoint)endpoint).Port, taken);
        }
    }

    public void Close() => _openListeners.ForEach(openListener => openListener.Close());

    public void Open() => _openListeners.ForEach(openListener => openListener.Open());

    private sealed class OpenListener(SocketTransportFactory sockets, IConnectionListener first) : IConnectionListener
    {
        private readonly Lock _gate = new();
        private readonly HashSet<ConnectionContext> _connections = [];
        private TaskCompletionSource _opened = Completed();
        private IConnectionListener? _listener = first;
        private bool _isOpen = true;
        private bool _ended;

        public EndPoint EndPoint { get; } = first.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                await _opened.Task.WaitAsync(cancellationToken);
                if (_ended)
                {
                    return null;
                }

                if (await ListenAsync(cancellationToken) is { } listener
                    && await listener.AcceptAsync(cancellationToken) is { } connection
                    && Admit(connection))
                {
                    return connection;
                }
            }
        }

        public void Open()
        {
            lock (_gate)
            {
                _isOpen = true;
                _opened.TrySetResult();
            }
        }

        public void Close()
        {
            List<ConnectionContext> broken;
            lock (_gate)
            {
                if (!_isOpen)
                {
                    return;
                }

                _isOpen = false;
                _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
                StopListening();
                broken = [.. _connections];
            }

            broken.ForEach(connection => connection.Abort());
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            lock (_gate)
            {
                _ended = true;
                StopListening();
                _opened.TrySetResult();
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();

        private static TaskCompletionSource Completed()
        {
            var completed = new TaskCompletionSource();
            completed.SetResult();
            return completed;
        }

        /// <summary>Disposes a socket listener synchronously; the pending accept then returns null.</summary>
        private void StopListening()
        {
            _ = _listener?.DisposeAsync().AsTask();
            _listener = null;
        }

        private async Task<IConnectionListener?> ListenAsync(CancellationToken cancellation)
        {
            lock (_gate)
            {
                if (_listener is not null || !_isOpen || _ended)
                {
                    return _listener;
                }
            }

            IConnectionListener bound;
            try
            {
                bound = await sockets.BindAsync(EndPoint, cancellation);
            }
            catch (AddressInUseException)
            {
                // An outgoing connection has borrowed the port and will return it.
                await Task.Delay(TimeSpan.FromMilliseconds(10), cancellation);
                return null;
            }

            lock (_gate)
            {
                _listener = bound;
                if (!_isOpen || _ended)
                {
                    StopListening();
                }

                return _listener;
            }
        }

        private bool Admit(ConnectionContext connection)
        {
            lock (_gate)
            {
                if (_isOpen)
                {
                    _connections.Add(connection);
                    connection.ConnectionClosed.Register(() => Forget(connection));
                    return true;
                }
            }

            connection.Abort();
            return false;
        }

        private void Forget(ConnectionContext connection)
        {
            lock (_gate)
            {
                _connections.Remove(connection);
            }
        }
    }
}
