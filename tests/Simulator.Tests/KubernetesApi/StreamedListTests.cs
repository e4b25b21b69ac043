using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Tests;
using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.Kubernetes.Api;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests.KubernetesApi;

/// <summary>A watch that begins with all objects.</summary>
public sealed class StreamedListTests : ApiTest
{
    private const string All = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";

    protected override KubernetesOptions Options() => new() { BookmarkPeriod = TimeSpan.FromHours(1) };

    [Theory]
    [InlineData(null, "Pod")]
    [InlineData("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "PartialObjectMetadata")]
    public async Task A_bookmark_ends_the_objects_and_changes_follow(string? accept, string kind)
    {
        var version = Add(Pod("a"), Pod("b"));
        using var watch = await WatchAsync($"{Pods}?{All}", accept);
        Assert.Equal(["ADDED a", "ADDED b"], await watch.TakeAsync(2));
        var end = (await watch.NextAsync())!;
        Assert.Equal(("BOOKMARK", kind), ((string?)end["type"], (string?)end["object"]!["kind"]));
        Assert.Equal(($"{version}", "true"), ((string?)end["object"]!["metadata"]!["resourceVersion"], (string?)end["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]));
        Add(Pod("c"));
        Assert.Equal(["ADDED c"], await watch.TakeAsync(1));
    }

    [Theory]
    [InlineData("sendInitialEvents=true", "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("sendInitialEvents=false&resourceVersionMatch=Exact", "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("resourceVersionMatch=NotOlderThan", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]
    public async Task What_does_not_go_together_is_refused(string query, string why)
    {
        using var watch = await WatchAsync($"{Pods}?{query}");
        Assert.Equal((422, $"ListOptions.meta.k8s.io \"\" is invalid: {why}"), (watch.Code, (string?)(await watch.NextAsync())!["message"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_controller_reads_the_same_from_a_server_that_streams_lists_and_from_one_that_does_not(bool streams)
    {
        await using var server = await KubernetesServer.StartAsync(new ObjectStore(new EventQueue()), new KubernetesOptions { StreamsLists = streams });
        string[] names = [.. Enumerable.Range(0, 1200).Select(number => $"pod-{number:0000}")];
        Assert.All(names, name => Assert.Equal(WriteResult.Done, server.Ask(store => store.Create(Pod(name)))));
        var (received, selector) = (Channel.CreateUnbounded<Observation>(), LabelSelector.Parse(""));
        using var http = new KubernetesConnection(server.Url, "default").CreateClient();
        using var stop = new CancellationTokenSource();
        var reflector = new Reflector<Controller.Kubernetes.Wire.WirePod, Core.Pod>(http, new WatchedKinds(new("linstor.csi.linbit.com", selector), selector).Pods, received.Writer, TimeProvider.System, NullLogger.Instance);
        var following = reflector.FollowAsync(stop.Token);

        Assert.Equal(names, (await received.NextAsync<Observation.Listed<Core.Pod>>()).Items.Select(pod => pod.Key.Name));
        server.Do(store => store.Create(Pod("later")));
        Assert.Equal("later", (await received.NextAsync<Observation.Updated<Core.Pod>>()).Item.Key.Name);
        await stop.CancelAsync();
        await following.CancelledAsync();
    }
}
