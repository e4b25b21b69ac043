using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Linstor.Wire;
using Piraeus.HighAvailability.Core;
using Properties = System.Collections.Generic.Dictionary<string, string?>;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The properties of resource groups and of the LINSTOR controller, which thousands of definitions inherit. One request serves many reports.</summary>
internal sealed class SharedProperties(LinstorConnection connection, MonotonicClock clock)
{
    /// <summary>
    /// How long after its request was sent a result is shared, failures included. A report is at most this much older than its own requests, and LINSTOR gets only one such request a second for
    /// each object, however many reports there are and however slowly LINSTOR answers.
    /// </summary>
    public static readonly TimeSpan SharedFor = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, SharedRead> _readings = []; // by path; there are few groups

    /// <summary>The properties of one resource group.</summary>
    public Task<ReadResult<Properties>> GroupAsync(string name, CancellationToken cancellation) =>
        ReadAsync($"/v1/resource-groups/{Uri.EscapeDataString(name)}", reply => reply.Find(LinstorJson.Default.WireGroup) is { } group ? group.Props ?? [] : null, cancellation);

    /// <summary>The LINSTOR controller's own properties.</summary>
    public Task<ReadResult<Properties>> ControllerAsync(CancellationToken cancellation) =>
        ReadAsync("/v1/controller/properties", reply => reply.Read(LinstorJson.Default.DictionaryStringString), cancellation);

    private Task<ReadResult<Properties>> ReadAsync(string path, Func<LinstorReply, Properties?> parse, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var (now, session) = (clock.Now, connection.Current);
            if (!_readings.TryGetValue(path, out var shared) || shared.Session != session || now - shared.AskedAt > SharedFor)
            {
                // A caller's cancellation must not end the request for the others; the connection's deadline ends it.
                _readings[path] = shared = new(session, now, Task.Run(() => ReadResult.OfAsync(ParseAsync(path, parse), now), CancellationToken.None));
            }

            return shared.Reading.WaitAsync(cancellation);
        }
    }

    private async Task<Properties?> ParseAsync(string path, Func<LinstorReply, Properties?> parse) => parse(await connection.GetAsync(path, CancellationToken.None));

    /// <param name="Session">The session of the request: a result of another LINSTOR controller does not count.</param>
    /// <param name="AskedAt">When the request was sent.</param>
    /// <param name="Reading">Under way, or finished.</param>
    private sealed record SharedRead(ControllerSession Session, Instant AskedAt, Task<ReadResult<Properties>> Reading);
}
