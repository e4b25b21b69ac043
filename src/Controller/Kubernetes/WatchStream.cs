using System.Runtime.CompilerServices;
using System.Text.Json;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>The bytes of a watch as events.</summary>
internal static class WatchStream
{
    /// <summary>Reads watch events until the server closes the stream.</summary>
    /// <param name="body">Concatenated JSON objects.</param>
    /// <param name="patience">How long the server may send nothing; it sends something at the end of the watch at the latest.</param>
    /// <param name="clock">Measures the patience.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="TimeoutException">The server was silent for longer than <paramref name="patience"/>.</exception>
    /// <exception cref="JsonException">The server sent something else, or the connection broke within an event.</exception>
    public static async IAsyncEnumerable<WireWatchEvent> ReadAsync(
        Stream body, TimeSpan patience, TimeProvider clock, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, silence.Token);
        await using var events = JsonSerializer
            .DeserializeAsyncEnumerable(body, KubernetesJson.Default.WireWatchEvent, topLevelValues: true, either.Token)
            .GetAsyncEnumerator(either.Token);

        while (true)
        {
            silence.CancelAfter(patience);
            try
            {
                if (!await events.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (OperationCanceledException) when (silence.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                throw new TimeoutException($"the watch said nothing for {patience}");
            }

            silence.CancelAfter(Timeout.InfiniteTimeSpan); // the consumer's time is not the server's silence
            if (events.Current is { } seen)
            {
                yield return seen;
            }
        }
    }
}
