using System.Security.Cryptography.X509Certificates;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>The settings of a LINSTOR server; fixed during its lifetime.</summary>
public sealed record LinstorOptions
{
    /// <summary>The port of the (only, or only useful) listener; 0 lets the system choose.</summary>
    public int Port { get; init; }

    /// <summary>The time source of the world and of delayed answers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The clock that already drives the world, if another server shares it; <see cref="Time"/> must be the same.</summary>
    public WorldClock? Clock { get; init; }

    /// <summary>Accepted bearer tokens; if there are any, one is required (token authentication).</summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <summary>The accepted user and password, if basic authentication (LDAP) is on.</summary>
    public (string User, string Password)? Basic { get; init; }

    /// <summary>The server's certificate with its key; turns TLS mode on, in which the HTTP listener only redirects.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>If set (with <see cref="Certificate"/>), every client must present a certificate that this authority issued.</summary>
    public X509Certificate2? ClientAuthority { get; init; }
}
