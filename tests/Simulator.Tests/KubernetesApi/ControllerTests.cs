using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Tests;
using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.KubernetesApi;

/// <summary>The controller's own client against the simulated API.</summary>
public sealed class ControllerTests : ApiTest
{
    private const string Driver = "linstor.csi.linbit.com";

    private static readonly LabelSelector _everything = LabelSelector.Parse("");
    private static readonly KubernetesTranslation _kubernetesTranslation = new(Driver, _everything);
    private static readonly WatchedKinds _watchedKinds = new(_kubernetesTranslation, _everything);

    private readonly Channel<Observation> _inbox = Inbox.Create();

    [Fact]
    public async Task A_reflector_lists_and_sees_every_change_and_lists_again_when_it_has_lost_its_place()
    {
        Add(Pod("a", "n") with { Phase = PodPhase.Running });
        using var stop = new CancellationTokenSource();
        var following = Follow(_watchedKinds.Pods, stop.Token);
        var listed = Assert.Single((await _inbox.NextAsync<Observation.Listed<Core.Pod>>()).Items);
        Assert.Equal(("default/a", new NodeName("n"), true), (listed.Key.ToString(), listed.Node, listed.Running));
        await Server.WhenAsync(_ => Server.Watchers == 1, Deadline.Soon());

        Add(Pod("b"));
        Assert.Equal("b", (await _inbox.NextAsync<Observation.Updated<Core.Pod>>()).Item.Key.Name);
        Server.Do(store => store.Delete<Piraeus.HighAvailability.Simulator.Kubernetes.Pod>("default", "b"));
        Assert.Equal("b", (await _inbox.NextAsync<Observation.Deleted<Core.Pod>>()).Item.Key.Name);

        Server.ExpireWatches();
        await following.SoonAsync();
        following = Follow(_watchedKinds.Pods, stop.Token);
        Assert.Single((await _inbox.NextAsync<Observation.Listed<Core.Pod>>()).Items);
        await stop.CancelAsync();
        await following.CancelledAsync();
    }

    [Fact]
    public async Task All_that_is_followed_is_read_as_it_was_meant()
    {
        Add(
            new Node(new("", "n") { Annotations = Metadata.Nothing.Add(NodeTaint.OwnerAnnotation, NodeTaint.Owner) }),
            new Piraeus.HighAvailability.Simulator.Kubernetes.CsiNode(new("", "n"), Metadata.Nothing.Add(Driver, "linstor-n")),
            new PersistentVolume(new("", "pv"), Driver, "rd", "default", "data"),
            new VolumeAttachment(new("", "va"), Driver, "pv", "n") { Attached = true, DetachError = "no" });
        using var stop = new CancellationTokenSource();
        _ = Follow(_watchedKinds.Nodes, stop.Token);
        Assert.True(Assert.Single((await _inbox.NextAsync<Observation.Listed<ClusterNode>>()).Items).TaintedByUs);
        _ = Follow(_watchedKinds.CsiNodes, stop.Token);
        Assert.Single((await _inbox.NextAsync<Observation.Listed<Core.CsiNode>>()).Items);
        _ = Follow(_watchedKinds.Volumes, stop.Token);
        var volume = Assert.Single((await _inbox.NextAsync<Observation.Listed<Core.Volume>>()).Items);
        Assert.Equal((new ResourceName("rd"), new ObjectKey("default", "data")), (volume.Resource, volume.Claim));
        _ = Follow(_watchedKinds.Attachments, stop.Token);
        Assert.True(Assert.Single((await _inbox.NextAsync<Observation.Listed<Attachment>>()).Items).Attached);
        await stop.CancelAsync();
    }

    [Fact]
    public async Task A_failover_is_done_with_a_taint_a_release_and_two_deletions()
    {
        Add(
            Pod("a", "n"),
            new Node(new("", "n")) { VolumesInUse = ["kubernetes.io/csi/x^1", "kubernetes.io/csi/x^2"] },
            new VolumeAttachment(new("", "va") { Finalizers = ["external-attacher/x"] }, Driver, "pv", "n"));
        using var http = Connection.CreateClient();
        var (client, nodes) = (new KubernetesClient(http, _kubernetesTranslation, TimeProvider.System), new NodeClient(http, TimeProvider.System));
        var node = new NodeName("n");

        Assert.Equal(MutationOutcome.Accepted, (await nodes.TaintAsync(node, () => false, default)).Answer);
        Assert.Equal(NodeTaint.Key, Assert.Single(Find<Node>("", "n")!.Taints).Key);
        Assert.Equal(MutationOutcome.Accepted, (await nodes.ReleaseAsync(node, ImmutableHashSet.Create("kubernetes.io/csi/x^1"), () => false, default)).Answer);
        Assert.Equal(["kubernetes.io/csi/x^2"], (await nodes.StateAsync(node, default)).VolumesInUse);
        Assert.Equal(MutationOutcome.Accepted, (await nodes.UntaintAsync(node, () => false, default)).Answer);
        Assert.Empty(Find<Node>("", "n")!.Taints);

        var pod = Assert.Single(await client.PodsOnAsync(node, default));
        Assert.Equal(MutationOutcome.Replaced, (await client.DeleteAsync(pod with { Uid = new("another") }, () => false, default)).Answer);
        Assert.Equal(MutationOutcome.Accepted, (await client.DeleteAsync(pod, () => false, default)).Answer);
        Assert.Equal(MutationOutcome.AlreadyGone, (await client.DeleteAsync(pod, () => false, default)).Answer);
        var attachment = new Attachment("va", new(Find<VolumeAttachment>("", "va")!.Metadata.Uid), "pv", node);
        Assert.Equal(MutationOutcome.Accepted, (await client.DeleteAsync(attachment, () => false, default)).Answer);
        Assert.NotNull(Find<VolumeAttachment>("", "va")!.Metadata.Deleting);
    }

    [Fact]
    public async Task Two_who_run_for_the_Lease_take_turns()
    {
        using var http = Connection.CreateClient();
        var client = new KubernetesClient(http, _kubernetesTranslation, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var leader = Loop("one").RunAsync(stop.Token);
        await _inbox.NextAsync<Observation.Tick>(); // it knows that it leads
        await stop.CancelAsync();
        await leader.CancelledAsync();
        Assert.Equal("", Find<Lease>("ha", "controller")!.Holder);

        using var end = new CancellationTokenSource();
        var next = Loop("two").RunAsync(end.Token);
        await _inbox.NextAsync<Observation.Tick>();
        Assert.Equal(("two", 1), (Find<Lease>("ha", "controller")!.Holder, Find<Lease>("ha", "controller")!.Transitions));
        await end.CancelAsync();
        await next.CancelledAsync();

        LeaseLoop Loop(string me)
        {
            var clock = new MonotonicClock(TimeProvider.System);
            var hold = new LeadershipStatus(clock, me);
            hold.Synced([.. Enum.GetValues<Source>()]);
            return new(client, new("ha", "controller"), hold, _inbox.Writer, clock, TimeProvider.System, NullLogger<LeaseLoop>.Instance);
        }
    }

    [Fact]
    public async Task An_Event_is_written_and_the_newest_warning_is_found()
    {
        using var http = Connection.CreateClient();
        var client = new KubernetesClient(http, _kubernetesTranslation, TimeProvider.System);
        var now = DateTimeOffset.UtcNow;
        await client.CreateEventAsync(
            new()
            {
                Metadata = new() { Name = "a.1", Namespace = "default" },
                InvolvedObject = new() { ApiVersion = "v1", Kind = "Pod", Namespace = "default", Name = "a", Uid = "u" },
                Type = "Warning",
                Reason = "FailedMount",
                Message = "why",
                Source = new() { Component = "kubelet" },
                FirstTimestamp = now,
                LastTimestamp = now,
            },
            default);
        Assert.Equal("why", await client.WarningAboutAsync("default", new("u"), default));
    }

    [Fact]
    public async Task A_temporary_refusal_has_a_Retry_After()
    {
        Server.Hazards.RetryAfterSeconds = 7;
        var refused = await Assert.ThrowsAsync<KubernetesException>(() => Follow(_watchedKinds.Pods, default));
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(7)), (refused.Status, refused.RetryAfter));
    }

    private KubernetesConnection Connection => new(Server.Url, "default");

    private T? Find<T>(string ns, string name) where T : KubernetesObject => Server.Ask(store => store.Find<T>(ns, name));

    private Task Follow<TWire, T>(WatchedKind<TWire, T> kind, CancellationToken stop)
        where TWire : class
        where T : class =>
        new Reflector<TWire, T>(Connection.CreateClient(), kind, _inbox.Writer, TimeProvider.System, NullLogger.Instance).FollowAsync(stop);
}
