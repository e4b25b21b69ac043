using System.Text.Json;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>A server gave no usable answer. The message is one sentence without secrets, fit for a log.</summary>
internal abstract class RemoteException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How long the server asks to be left alone; null if it does not.</summary>
    public virtual TimeSpan? RetryAfter => null;
}

/// <summary>Tells errors of the network and of servers from bugs.</summary>
internal static class TransientError
{
    /// <summary>Whether a request failed because of the network or the server, so that it is worth another try.</summary>
    public static bool IsTransient(this Exception failed) => failed is RemoteException or HttpRequestException or IOException or TimeoutException or JsonException;
}
