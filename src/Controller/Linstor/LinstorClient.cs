using System.Collections.Concurrent;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Linstor.Wire;
using Piraeus.HighAvailability.Core;
using Properties = System.Collections.Generic.Dictionary<string, string?>;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The requests we send to LINSTOR. It answers all of them from its memory, so a dead satellite delays none of them.</summary>
internal sealed class LinstorClient(LinstorConnection connection, MonotonicClock clock)
{
    /// <summary>How many definitions one request names: their names are in its URL, and LINSTOR accepts one of 8 KiB.</summary>
    private const int MostNames = 50;

    /// <summary>How many group names are remembered: enough for every definition of a large cluster. Forgetting one costs a round trip, once.</summary>
    private const int MostGroups = 100_000;

    private readonly SharedProperties _shared = new(connection, clock);
    private readonly ConcurrentDictionary<ResourceName, string> _groups = [];

    /// <summary>LINSTOR's current state of one resource definition.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public Task<ResourceReport> ReportAsync(ResourceName resource, CancellationToken cancellation)
    {
        var asked = clock.Now;
        return ReportAsync(resource, ReadResult.OfAsync(DefinitionAsync(resource, cancellation), asked), asked, cancellation);
    }

    /// <summary>The same, for a definition that was just read together with others.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public Task<ResourceReport> ReportAsync(ResourceName resource, ReadResult<WireDefinition> definition, CancellationToken cancellation) =>
        ReportAsync(resource, Task.FromResult(definition), clock.Now, cancellation);

    /// <summary>Several resource definitions, without those that LINSTOR does not have.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<IReadOnlyDictionary<ResourceName, ReadResult<WireDefinition>>> DefinitionsAsync(IEnumerable<ResourceName> resources, CancellationToken cancellation)
    {
        var found = new Dictionary<ResourceName, ReadResult<WireDefinition>>();
        foreach (var names in resources.Chunk(MostNames))
        {
            var asked = clock.Now;
            var query = string.Join('&', names.Select(name => $"resource_definitions={Uri.EscapeDataString(name.Value)}"));
            var definitions = (await connection.GetAsync($"/v1/resource-definitions?{query}", cancellation)).Find(LinstorJson.Default.ListWireDefinition) ?? [];
            foreach (var definition in definitions.OfType<WireDefinition>().Where(definition => definition.Name is not null))
            {
                found[new(definition.Name!)] = new(definition, null, asked);
            }
        }

        return found;
    }

    /// <summary>The options of DRBD that count for a definition that was just read.</summary>
    public async Task<DrbdOptions> OptionsAsync(ReadResult<WireDefinition> definition, CancellationToken cancellation) => DrbdOptions.Of(new(
        definition,
        definition.Value?.ResourceGroupName is { Length: > 0 } group ? await _shared.GroupAsync(group, cancellation) : null,
        await _shared.ControllerAsync(cancellation)));

    /// <summary>All nodes that run a satellite.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<Observation.SatellitesListed> SatellitesAsync(CancellationToken cancellation)
    {
        var asked = clock.Now;
        var nodes = await connection.NodesAsync(cancellation);
        return new([.. nodes.OfType<WireNode>().Select(LinstorTranslation.Satellite).OfType<Satellite>()], asked);
    }

    /// <summary>LINSTOR's version.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<string> VersionAsync(CancellationToken cancellation)
    {
        var reply = await connection.GetAsync(LinstorConnection.VersionPath, cancellation);
        return reply.Read(LinstorJson.Default.WireVersion).Version ?? throw reply.Unreadable("no version");
    }

    private static string PathOf(ResourceName resource) => $"/v1/resource-definitions/{Uri.EscapeDataString(resource.Value)}";

    /// <summary>Sends all requests for a report at once: an action may be waiting for it, and LINSTOR may take seconds to answer.</summary>
    private async Task<ResourceReport> ReportAsync(ResourceName resource, Task<ReadResult<WireDefinition>> definition, Instant asked, CancellationToken cancellation)
    {
        connection.ThrowIfDoubtful(resource);
        var controller = _shared.ControllerAsync(cancellation);
        var group = GroupAsync(resource, definition, cancellation);
        var resources = await ReadResult.OfAsync(ResourcesAsync(resource, cancellation), asked);
        if (resources.Failure is { } failure)
        {
            throw failure;
        }

        var read = await definition;
        connection.ThrowIfDoubtful(resource); // requests may have moved to another controller meanwhile
        if (read.IsMissing)
        {
            _groups.TryRemove(resource, out _);
        }

        return resources.Value is { } list
            ? ReportBuilder.Existing(resource, list, new(read, await group, await controller), asked)
            : ReportBuilder.Missing(resource, read, asked);
    }

    private async Task<WireDefinition?> DefinitionAsync(ResourceName resource, CancellationToken cancellation) =>
        (await connection.GetAsync(PathOf(resource), cancellation)).Find(LinstorJson.Default.WireDefinition);

    private async Task<List<WireResource>?> ResourcesAsync(ResourceName resource, CancellationToken cancellation)
    {
        var reply = await connection.GetAsync($"{PathOf(resource)}/resources", cancellation);
        var resources = reply.Find(LinstorJson.Default.ListWireResource)?.OfType<WireResource>().ToList();
        return resources?.Exists(replica => string.IsNullOrEmpty(replica.NodeName)) is true ? throw reply.Unreadable("a resource without a node_name") : resources;
    }

    /// <summary>Reads the definition's last known group at once, and another only if the definition turns out to be in another.</summary>
    /// <returns>Null for a definition without a group.</returns>
    private async Task<ReadResult<Properties>?> GroupAsync(ResourceName resource, Task<ReadResult<WireDefinition>> definition, CancellationToken cancellation)
    {
        var expected = _groups.GetValueOrDefault(resource);
        var early = expected is null ? null : _shared.GroupAsync(expected, cancellation);
        if ((await definition).Value?.ResourceGroupName is not { Length: > 0 } name)
        {
            return null;
        }

        if (_groups.Count >= MostGroups)
        {
            _groups.Clear();
        }

        _groups[resource] = name;
        return await (early is not null && name == expected ? early : _shared.GroupAsync(name, cancellation));
    }
}
