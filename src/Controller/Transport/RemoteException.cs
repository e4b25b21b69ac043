using System.Text.Json;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>A server gave no usable answer. The message is one sentence without secrets, fit for a log.</summary>
internal abstract class RemoteException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How long the server asks clients to wait; null if it does not.</summary>
    public virtual TimeSpan? RetryAfter => null;
}

/// <summary>Distinguishes errors of the network and of servers from bugs.</summary>
internal static class TransientError
{
    /// <summary>Whether a request failed because of the network or the server, so that it can be retried.</summary>
    public static bool IsTransient(this Exception failed) => failed is RemoteException or HttpRequestException or IOException or TimeoutException or JsonException;
}
