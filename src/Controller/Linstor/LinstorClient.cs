using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The questions we ask LINSTOR. All are answered from its memory, so a dead satellite delays none of them.</summary>
internal sealed class LinstorClient(LinstorConnection connection, MonotonicClock clock)
{
    /// <summary>How many definitions are asked for by name in one request: their names are in its address, and LINSTOR takes one of 8 KiB.</summary>
    private const int MostNames = 50;

    /// <summary>All that LINSTOR knows of one resource definition, read afresh.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<ResourceReport> ReportAsync(ResourceName resource, CancellationToken cancellation)
    {
        var asked = clock.Now;

        // Both at once, because an action may be waiting; the definition may be deleted between the two answers.
        var replies = await Task.WhenAll(connection.GetAsync($"{PathOf(resource)}/resources", cancellation), connection.GetAsync(PathOf(resource), cancellation));
        return replies[0].Find(LinstorJson.Default.ListWireResource) is { } resources && replies[1].Find(LinstorJson.Default.WireDefinition) is { } definition
            ? Report(resource, resources, replies[0], await PolicyAsync(definition, cancellation), asked)
            : Missing(resource, asked);
    }

    /// <summary>The same, where the policy was just asked for together with those of others. It is as fresh as the older of the two answers.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<ResourceReport> ReportAsync(ResourceName resource, QuorumPolicy policy, CancellationToken cancellation)
    {
        var reply = await connection.GetAsync($"{PathOf(resource)}/resources", cancellation);
        return reply.Find(LinstorJson.Default.ListWireResource) is { } resources
            ? Report(resource, resources, reply, policy.Value, policy.AskedAt)
            : Missing(resource, policy.AskedAt);
    }

    /// <summary>The quorum policies of several resource definitions; those that LINSTOR does not have are missing.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<IReadOnlyDictionary<ResourceName, QuorumPolicy>> PoliciesAsync(IEnumerable<ResourceName> resources, CancellationToken cancellation)
    {
        var policies = new Dictionary<ResourceName, QuorumPolicy>();
        foreach (var names in resources.Chunk(MostNames))
        {
            var asked = clock.Now;
            var query = string.Join('&', names.Select(name => $"resource_definitions={Uri.EscapeDataString(name.Value)}"));
            var definitions = (await connection.GetAsync($"/v1/resource-definitions?{query}", cancellation)).Find(LinstorJson.Default.ListWireDefinition) ?? [];
            var inherited = new Dictionary<string, string?>(); // by group; as fresh as the definitions
            foreach (var definition in definitions.OfType<WireDefinition>().Where(definition => definition.Name is not null))
            {
                policies[new(definition.Name!)] = new(Translate.QuorumPolicy(definition.Props) ?? await InheritedAsync(definition.ResourceGroupName ?? ""), asked);
            }

            async Task<string?> InheritedAsync(string group) =>
                inherited.TryGetValue(group, out var known) ? known : inherited[group] = await InheritedPolicyAsync(group, cancellation);
        }

        return policies;
    }

    /// <summary>All nodes that run a satellite.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<Observation.SatellitesListed> SatellitesAsync(CancellationToken cancellation)
    {
        var asked = clock.Now;
        var nodes = (await connection.GetAsync("/v1/nodes", cancellation)).Read(LinstorJson.Default.ListWireNode);
        return new([.. nodes.OfType<WireNode>().Select(Translate.Satellite).OfType<Satellite>()], asked);
    }

    /// <summary>LINSTOR's version.</summary>
    /// <exception cref="LinstorException">LINSTOR gave no usable answer.</exception>
    public async Task<string> VersionAsync(CancellationToken cancellation)
    {
        var reply = await connection.GetAsync(LinstorConnection.VersionPath, cancellation);
        return reply.Read(LinstorJson.Default.WireVersion).Version ?? throw reply.Unreadable("no version");
    }

    private static string PathOf(ResourceName resource) => $"/v1/resource-definitions/{Uri.EscapeDataString(resource.Value)}";

    private static ResourceReport Report(ResourceName resource, List<WireResource?> resources, Reply reply, string? policy, Instant asked) =>
        new(resource, true, Translate.Quorum(policy, resources), Replicas(resources, reply), asked);

    private static ResourceReport Missing(ResourceName resource, Instant asked) => new(resource, false, new Quorum(null), [], asked);

    /// <summary>What counts for the definition, unless replicas have policies of their own.</summary>
    /// <remarks>
    /// Between group and LINSTOR controller, DRBD also honours a node's own policy. It is not looked for: it would cost a request, and only
    /// matters where neither the definition, on which LINSTOR writes a policy by itself, nor its group has one.
    /// </remarks>
    private async Task<string?> PolicyAsync(WireDefinition definition, CancellationToken cancellation) =>
        Translate.QuorumPolicy(definition.Props) ?? await InheritedPolicyAsync(definition.ResourceGroupName, cancellation);

    private async Task<string?> InheritedPolicyAsync(string? group, CancellationToken cancellation) =>
        Translate.QuorumPolicy(await GroupAsync(group, cancellation)) ?? Translate.QuorumPolicy(await ControllerAsync(cancellation));

    private async Task<Dictionary<string, string?>?> GroupAsync(string? name, CancellationToken cancellation) =>
        string.IsNullOrEmpty(name) ? null
        : (await connection.GetAsync($"/v1/resource-groups/{Uri.EscapeDataString(name)}", cancellation)).Read(LinstorJson.Default.WireGroup).Props;

    private async Task<Dictionary<string, string?>> ControllerAsync(CancellationToken cancellation) =>
        (await connection.GetAsync("/v1/controller/properties", cancellation)).Read(LinstorJson.Default.DictionaryStringString);

    private static ImmutableArray<Replica> Replicas(List<WireResource?> resources, Reply reply) =>
        [.. resources.OfType<WireResource>().Select(resource => Translate.Replica(resource) ?? throw reply.Unreadable("a resource without a node_name"))];
}

/// <summary>The quorum policy that counts for a resource definition: its own, else its group's, else the LINSTOR controller's; null if none sets one.</summary>
/// <param name="Value">The policy.</param>
/// <param name="AskedAt">When it was asked for.</param>
internal readonly record struct QuorumPolicy(string? Value, Instant AskedAt);
