using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Linstor.Wire;
using Piraeus.HighAvailability.Core;
using Properties = System.Collections.Generic.Dictionary<string, string?>;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The properties of resource groups and of the LINSTOR controller, which thousands of definitions inherit: one request serves many reports.</summary>
internal sealed class SharedProperties(LinstorConnection connection, MonotonicClock clock)
{
    /// <summary>
    /// How long after its request was sent a reading is shared, failures included: it makes a report at most this much older than its own requests,
    /// and limits LINSTOR's share of the load to one such request a second, however many reports there are and however slowly LINSTOR answers.
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
                // No caller's cancellation ends what others wait for; the connection's deadline does.
                _readings[path] = shared = new(session, now, Task.Run(() => ReadResult.OfAsync(ParseAsync(path, parse), now), CancellationToken.None));
            }

            return shared.Reading.WaitAsync(cancellation);
        }
    }

    private async Task<Properties?> ParseAsync(string path, Func<LinstorReply, Properties?> parse) => parse(await connection.GetAsync(path, CancellationToken.None));

    /// <param name="Session">What another LINSTOR controller answered does not count.</param>
    /// <param name="AskedAt">When the request was sent.</param>
    /// <param name="Reading">Under way, or finished.</param>
    private sealed record SharedRead(ControllerSession Session, Instant AskedAt, Task<ReadResult<Properties>> Reading);
}
