using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>The requests that LINSTOR answers from its memory.</summary>
internal sealed class LinstorApi(StorageWorld world, WorldClock clock, LinstorHazards hazards)
{
    private int _hanging;

    /// <summary>How many requests wait for a satellite's answer.</summary>
    public int Hanging => Volatile.Read(ref _hanging);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", _ => Task.CompletedTask);
        routes.MapGet("/v1/controller/version", VersionAsync);
        routes.MapGet("/v1/controller/properties", context => AnswerAsync(context, world => Found(json => json.WriteMap(world.ControllerProperties))));
        routes.MapGet("/v1/nodes", context => AnswerAsync(context, world => Nodes(context, world)));
        routes.MapGet("/v1/nodes/{node}", context => AnswerAsync(context, world => Node(context, world)));
        routes.MapGet("/v1/resource-groups", context => AnswerAsync(context, world => Groups(context, world)));
        routes.MapGet("/v1/resource-groups/{group}", context => AnswerAsync(context, world => Group(context, world)));
        routes.MapGet("/v1/resource-definitions", context => AnswerAsync(context, world => Definitions(context, world)));
        routes.MapGet("/v1/resource-definitions/{definition}", context => AnswerAsync(context, world => Definition(context, world)));
        routes.MapGet("/v1/resource-definitions/{definition}/resources", context => AnswerAsync(context, world => Resources(context, world)));
        routes.MapGet("/v1/resource-definitions/{definition}/resources/{node}", context => AnswerAsync(context, world => Resource(context, world)));
        routes.MapGet("/v1/view/resources", ViewAsync);
    }

    private static Task VersionAsync(HttpContext context) => Reply.JsonAsync(context, json => json.WriteMap([
        new("version", "1.34.0"),
        new("git_hash", "0000000000000000000000000000000000000000"),
        new("build_time", "2026-06-02T00:00:00+00:00"),
        new("rest_api_version", "1.28.0")]));

    private static Answer Nodes(HttpContext context, StorageWorld world) => Found(json => json.WriteArray(
        Page(context, world.Nodes.Where(node => Selects(context, "nodes", node.Name))),
        (_, node) => NodeJson.Write(json, node.Describe())));

    private static Answer Node(HttpContext context, StorageWorld world) =>
        world.FindNode(Name(context, "node")) is { } node ? Found(json => NodeJson.Write(json, node.Describe())) : NoNode(Name(context, "node"));

    private static Answer Groups(HttpContext context, StorageWorld world) => Found(json => json.WriteArray(Page(context, world.Groups), DefinitionJson.Write));

    private static Answer Group(HttpContext context, StorageWorld world) =>
        world.FindGroup(Name(context, "group")) is { } group
            ? Found(json => DefinitionJson.Write(json, group))
            : new(Reply.Code.GroupNotFound, $"Resource group '{Name(context, "group")}' not found.");

    private static Answer Definitions(HttpContext context, StorageWorld world)
    {
        var withVolumes = context.Request.Query["with_volume_definitions"] == "true";
        return Found(json => json.WriteArray(
            Page(context, world.Definitions.Where(definition => Selects(context, "resource_definitions", definition.Name))),
            (_, definition) => DefinitionJson.Write(json, definition, withVolumes)));
    }

    private static Answer Definition(HttpContext context, StorageWorld world) =>
        world.FindDefinition(Name(context, "definition")) is { } definition
            ? Found(json => DefinitionJson.Write(json, definition, withVolumes: false))
            : NoDefinition(Name(context, "definition"));

    private static Answer NoNode(string name) => new(Reply.Code.NodeNotFound, $"Node '{name}' not found.");

    private static Answer NoDefinition(string name) => new(Reply.Code.DefinitionNotFound, $"Resource definition '{name}' not found.");

    private static Answer Found(Action<Utf8JsonWriter> content) => new(0, "", Json.Write(content));

    private static string Name(HttpContext context, string parameter) => (string)context.GetRouteValue(parameter)!;

    private static bool Selects(HttpContext context, string filter, string name)
    {
        var names = context.Request.Query[filter];
        return names.Count == 0 || names.Contains(name, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The offset only counts together with a limit.</summary>
    private static IEnumerable<T> Page<T>(HttpContext context, IEnumerable<T> items)
    {
        var (limit, offset) = (Number(context, "limit"), Number(context, "offset"));
        return limit > 0 ? items.Skip(offset).Take(limit) : items;
    }

    private static int Number(HttpContext context, string parameter) =>
        int.TryParse(context.Request.Query[parameter], CultureInfo.InvariantCulture, out var number) ? number : 0;

    private Answer Resources(HttpContext context, StorageWorld world) =>
        world.FindDefinition(Name(context, "definition")) is { } definition
            ? Found(json => json.WriteArray(Page(context, definition.Listed), (_, replica) => ResourceJson.Write(json, replica, ReportOf(world, replica))))
            : NoDefinition(Name(context, "definition"));

    private Answer Resource(HttpContext context, StorageWorld world)
    {
        var (name, node) = (Name(context, "definition"), Name(context, "node"));
        return world.FindNode(node) is null ? NoNode(node)
            : world.FindDefinition(name) is null ? NoDefinition(name)
            : world.FindReplica(name, node) is not { } replica ? new(Reply.Code.ResourceNotFound, $"Resource '{name}' on node '{node}' not found.")
            : Found(json => ResourceJson.Write(json, replica, ReportOf(world, replica)));
    }

    private ReplicaReport? ReportOf(StorageWorld world, DrbdReplica replica) =>
        world.Knowledge.About(replica) is { } report && hazards.TakeSkew(replica)
            ? report with { InUse = true, MayPromote = true }
            : world.Knowledge.About(replica);

    /// <summary>Queries every connected satellite concerned before it answers, without a time limit.</summary>
    private async Task ViewAsync(HttpContext context)
    {
        if (hazards.ViewAsksSatellites)
        {
            var asked = clock.Ask(() => Viewed(context, world).Select(replica => replica.Node).Where(IsConnected).ToHashSet());
            if (await HasLostOneOfAsync(asked, context.RequestAborted))
            {
                await Reply.ErrorAsync(context, StatusCodes.Status500InternalServerError, Reply.Code.UnknownError, "Peer connection closed.");
                return;
            }
        }

        await AnswerAsync(context, world =>
            context.Request.Query["nodes"].FirstOrDefault(name => world.FindNode(name!) is null) is { } unknown
                ? NoNode(unknown)
                : Found(json => json.WriteArray(
                    Page(context, Viewed(context, world)),
                    (_, replica) => ResourceJson.Write(json, replica, ReportOf(world, replica), withVolumes: true))));
    }

    /// <summary>Waits until all have answered (false), or the connection to one of them is closed (true).</summary>
    private async Task<bool> HasLostOneOfAsync(HashSet<StorageNode> asked, CancellationToken cancellation)
    {
        var hasLost = false;
        Interlocked.Increment(ref _hanging);
        try
        {
            await clock.WhenAsync(
                () => (hasLost = !asked.All(IsConnected)) || asked.All(node => node is { SatelliteReachable: true, SatelliteHangs: false }),
                cancellation);
            return hasLost;
        }
        finally
        {
            Interlocked.Decrement(ref _hanging);
        }
    }

    private static bool IsConnected(StorageNode node) => node.Status != ConnectionStatus.Offline;

    private static IEnumerable<DrbdReplica> Viewed(HttpContext context, StorageWorld world) => world.Definitions
        .Where(definition => definition.Volumes > 0 && Selects(context, "resources", definition.Name))
        .SelectMany(definition => definition.Listed)
        .Where(replica => Selects(context, "nodes", replica.Node.Name));

    private async Task AnswerAsync(HttpContext context, Func<StorageWorld, Answer> question)
    {
        var answer = clock.Ask(() => question(world));
        await (answer.Content is { } content
            ? Reply.JsonAsync(context, content)
            : Reply.ErrorAsync(context, StatusCodes.Status404NotFound, answer.Code, answer.Message));
    }

    /// <summary>JSON that was written under the world's lock, or the objects that were not found.</summary>
    private readonly record struct Answer(int Code, string Message, byte[]? Content = null);
}
