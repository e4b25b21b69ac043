using System.Security.Cryptography.X509Certificates;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>How a LINSTOR server is set up; fixed while it lives.</summary>
public sealed record LinstorOptions
{
    /// <summary>The port of the (only, or only useful) listener; 0 lets the system choose.</summary>
    public int Port { get; init; }

    /// <summary>What drives the world's time and delayed answers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What drives the world already, if another server of the same world does; <see cref="Time"/> must be the same.</summary>
    public WorldClock? Clock { get; init; }

    /// <summary>Accepted bearer tokens; if there are any, one is required (token authentication).</summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <summary>The accepted user and password, if basic authentication (LDAP) is on.</summary>
    public (string User, string Password)? Basic { get; init; }

    /// <summary>The server's certificate with its key; turns TLS mode on, in which the HTTP listener only redirects.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>If set (with <see cref="Certificate"/>), every client must show a certificate that this authority issued.</summary>
    public X509Certificate2? ClientAuthority { get; init; }
}
