using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The questions we ask LINSTOR. All are answered from its memory, so a dead satellite delays none of them.</summary>
internal sealed class LinstorClient(LinstorConnection connection, MonotonicClock clock)
{
    /// <summary>All that LINSTOR knows of one resource definition, read afresh.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<ResourceReport> ReportAsync(ResourceName resource, CancellationToken cancellation)
    {
        var asked = clock.Now;
        var path = $"/v1/resource-definitions/{Uri.EscapeDataString(resource.Value)}";
        var answer = await connection.GetAsync($"{path}/resources", cancellation);
        var resources = answer.Find(LinstorJson.Default.ListWireResource);

        // Between the two questions the definition may have been deleted.
        return resources is not null && await DefinitionAsync(path, cancellation) is { } definition
            ? new ResourceReport(resource, true, await QuorumAsync(definition, cancellation), Replicas(resources, answer), asked)
            : new ResourceReport(resource, false, new Quorum(null), [], asked);
    }

    /// <summary>All nodes that run a satellite.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<ImmutableArray<Satellite>> SatellitesAsync(CancellationToken cancellation)
    {
        var nodes = (await connection.GetAsync("/v1/nodes", cancellation)).Read(LinstorJson.Default.ListWireNode);
        return [.. nodes.OfType<WireNode>().Select(Translate.Satellite).OfType<Satellite>()];
    }

    /// <summary>LINSTOR's version.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<string> VersionAsync(CancellationToken cancellation)
    {
        var answer = await connection.GetAsync(LinstorConnection.VersionPath, cancellation);
        return answer.Read(LinstorJson.Default.WireVersion).Version ?? throw answer.Unreadable("no version");
    }

    private async Task<WireDefinition?> DefinitionAsync(string path, CancellationToken cancellation) =>
        (await connection.GetAsync(path, cancellation)).Find(LinstorJson.Default.WireDefinition);

    private async Task<Quorum> QuorumAsync(WireDefinition definition, CancellationToken cancellation) =>
        new(Translate.QuorumPolicy(definition.Props)
            ?? Translate.QuorumPolicy(await GroupAsync(definition.ResourceGroupName, cancellation))
            ?? Translate.QuorumPolicy(await ControllerAsync(cancellation)));

    private async Task<Dictionary<string, string?>?> GroupAsync(string? name, CancellationToken cancellation) =>
        string.IsNullOrEmpty(name) ? null
        : (await connection.GetAsync($"/v1/resource-groups/{Uri.EscapeDataString(name)}", cancellation)).Read(LinstorJson.Default.WireGroup).Props;

    private async Task<Dictionary<string, string?>> ControllerAsync(CancellationToken cancellation) =>
        (await connection.GetAsync("/v1/controller/properties", cancellation)).Read(LinstorJson.Default.DictionaryStringString);

    private static ImmutableArray<Replica> Replicas(List<WireResource?> resources, Answer answer) =>
        [.. resources.OfType<WireResource>().Select(resource => Translate.Replica(resource) ?? throw answer.Unreadable("a resource without a node_name"))];
}
