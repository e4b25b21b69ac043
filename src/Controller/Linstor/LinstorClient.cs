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

        // Both at once, because an action may be waiting; the definition may be deleted between the two answers.
        var replies = await Task.WhenAll(connection.GetAsync($"{path}/resources", cancellation), connection.GetAsync(path, cancellation));
        return replies[0].Find(LinstorJson.Default.ListWireResource) is { } resources && replies[1].Find(LinstorJson.Default.WireDefinition) is { } definition
            ? new ResourceReport(resource, true, await QuorumAsync(definition, resources, cancellation), Replicas(resources, replies[0]), asked)
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
        var reply = await connection.GetAsync(LinstorConnection.VersionPath, cancellation);
        return reply.Read(LinstorJson.Default.WireVersion).Version ?? throw reply.Unreadable("no version");
    }

    /// <summary>What counts for the definition, unless replicas have policies of their own.</summary>
    /// <remarks>
    /// Between group and LINSTOR controller, DRBD also honours a node's own policy. It is not looked for: it would cost a request, and only
    /// matters where neither the definition, on which LINSTOR writes a policy by itself, nor its group has one.
    /// </remarks>
    private async Task<Quorum> QuorumAsync(WireDefinition definition, List<WireResource?> resources, CancellationToken cancellation)
    {
        var policy = Translate.QuorumPolicy(definition.Props)
            ?? Translate.QuorumPolicy(await GroupAsync(definition.ResourceGroupName, cancellation))
            ?? Translate.QuorumPolicy(await ControllerAsync(cancellation));
        return Translate.Quorum(policy, resources);
    }

    private async Task<Dictionary<string, string?>?> GroupAsync(string? name, CancellationToken cancellation) =>
        string.IsNullOrEmpty(name) ? null
        : (await connection.GetAsync($"/v1/resource-groups/{Uri.EscapeDataString(name)}", cancellation)).Read(LinstorJson.Default.WireGroup).Props;

    private async Task<Dictionary<string, string?>> ControllerAsync(CancellationToken cancellation) =>
        (await connection.GetAsync("/v1/controller/properties", cancellation)).Read(LinstorJson.Default.DictionaryStringString);

    private static ImmutableArray<Replica> Replicas(List<WireResource?> resources, Reply reply) =>
        [.. resources.OfType<WireResource>().Select(resource => Translate.Replica(resource) ?? throw reply.Unreadable("a resource without a node_name"))];
}
