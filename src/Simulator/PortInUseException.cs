namespace Piraeus.HighAvailability.Simulator;

/// <summary>A server cannot listen because another process uses the port.</summary>
public sealed class PortInUseException(int port, Exception inner) : Exception($"port {port} on 127.0.0.1 is in use by another process", inner)
{
    /// <summary>The port.</summary>
    public int Port => port;
}
