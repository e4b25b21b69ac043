using System.Text.Json;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests;

/// <summary>Starting points and questions that the tests of the server share.</summary>
internal static class LinstorTest
{
    private static readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.Zero });

    public const string NodeAUnpromotable = "event: may-promote-change\ndata: {\"resource_name\":\"pvc-1\",\"node_name\":\"node-a\",\"may_promote\":false}\n\n";
    public const string NodeAPromotable = "event: may-promote-change\ndata: {\"resource_name\":\"pvc-1\",\"node_name\":\"node-a\",\"may_promote\":true}\n\n";
    public const string NodeAUnknown = "event: may-promote-change\ndata: {\"resource_name\":\"pvc-1\",\"node_name\":\"node-a\"}\n\n";

    /// <summary>Three nodes without resources.</summary>
    public static StorageWorld EmptyWorld()
    {
        var world = new StorageWorld(StorageTimings.Quick);
        world.AddNodes("node-a", "node-b", "node-c");
        return world;
    }

    /// <summary>Three nodes, and <c>pvc-1</c> on all of them, in use on <c>node-a</c>.</summary>
    public static StorageWorld UsedWorld()
    {
        var world = EmptyWorld();
        world.AddResource("pvc-1", ["node-a", "node-b", "node-c"]);
        world.Promote("pvc-1", "node-a");
        return world;
    }

    /// <summary>Two nodes, and <c>pvc-1</c> on <c>node-a</c> alone and unused: a replay is one event.</summary>
    public static StorageWorld SmallWorld()
    {
        var world = EmptyWorld();
        world.AddResource("pvc-1", ["node-a"]);
        return world;
    }

    public static async Task<HttpResponseMessage> GetAsync(this LinstorServer linstor, string path) => await _http.GetAsync(new Uri(linstor.Url, path), Deadline.Soon());

    public static async Task<JsonElement> GetJsonAsync(this LinstorServer linstor, string path)
    {
        using var answer = await linstor.GetAsync(path);
        using var document = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync());
        return document.RootElement.Clone();
    }

    public static async Task<JsonElement> GetReplicaAsync(this LinstorServer linstor, string node, string resource = "pvc-1") =>
        await linstor.GetJsonAsync($"/v1/resource-definitions/{resource}/resources/{node}");

    public static JsonElement Drbd(this JsonElement resource) => resource.GetProperty("layer_object").GetProperty("drbd");

    public static bool Has(this JsonElement element, string property) => element.TryGetProperty(property, out _);

    public static string[] Strings(this JsonElement element) => [.. element.EnumerateArray().Select(item => item.GetString()!)];

    /// <summary>Completes once a request waits for a satellite; nothing in the world changes then, so it has to be looked for.</summary>
    public static async Task WhenHangingAsync(this LinstorServer linstor)
    {
        for (var deadline = Deadline.Soon(); linstor.HangingRequests == 0; deadline.ThrowIfCancellationRequested())
        {
            await Task.Yield();
        }
    }

    public static Task WhenSubscribedAsync(this LinstorServer linstor, int count) => linstor.WhenAsync(_ => linstor.Subscribers == count, Deadline.Soon());
}
