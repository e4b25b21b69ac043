using System.Security.Cryptography;
using System.Text;
using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Simulator.Tests.Kubernetes;

public sealed class AttachDetachTests
{
    private readonly ModelCluster _cluster = new();

    private KubernetesWorld World => _cluster.World;

    [Fact]
    public void An_attachment_is_named_after_volume_driver_and_node_and_held_by_the_attacher()
    {
        _cluster.Start("db", on: "a");
        var attachment = _cluster.Store.All<VolumeAttachment>().Single();
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("pvc-data-db-0linstor.csi.linbit.coma")));
        Assert.Equal($"csi-{hash}", attachment.Metadata.Name);
        Assert.Equal(["external-attacher/linstor-csi-linbit-com"], attachment.Metadata.Finalizers);
        Assert.True(attachment.Attached);
    }

    [Fact]
    public void Without_a_release_the_replacement_meets_Multi_Attach_until_the_controller_looks_again_once_a_minute()
    {
        var waits = Enumerable.Range(0, 20).Select(seed =>
        {
            var cluster = new ModelCluster(seed: seed);
            var pod = cluster.Start("db", on: "a");
            cluster.World.Crash("a");
            cluster.Run(10);
            cluster.Taint("a");
            cluster.ForceDelete(pod);
            cluster.DeleteAttachment(pod);
            var waited = cluster.Until(() => cluster.Attachments.Any(attachment => !attachment.EndsWith(" a", StringComparison.Ordinal)), seconds: 62);
            const string Why = "Multi-Attach error for volume \"pvc-data-db-0\" Volume is already exclusively attached to one node and can't be attached to another";
            Assert.Equal(("Warning", Why, 1), cluster.Events("db-0", "FailedAttachVolume").Select(recorded => (recorded.Type, recorded.Message, recorded.Count)).Single());
            return waited.TotalSeconds;
        }).ToList();
        Assert.InRange(waits.Max() - waits.Min(), 30, 60);
    }

    [Fact]
    public void Once_a_volume_is_released_its_replacement_is_attached_at_once()
    {
        var pod = _cluster.Start("db", on: "a");
        World.Crash("a");
        _cluster.Run(10);
        _cluster.Taint("a");
        _cluster.Release(pod);
        _cluster.ForceDelete(pod);
        _cluster.DeleteAttachment(pod);
        var waited = _cluster.Until(() => _cluster.Attachments.Any(attachment => !attachment.EndsWith(" a", StringComparison.Ordinal)), seconds: 5);
        Assert.InRange(waited.TotalSeconds, 0.5, 1);
        Assert.Empty(_cluster.Events("db-0", "FailedAttachVolume"));
    }

    [Fact]
    public void Without_anybody_s_help_the_attach_detach_controller_detaches_by_force_after_6_minutes()
    {
        var pod = _cluster.Start("db", on: "a");
        World.Crash("a");
        _cluster.Run(100);
        _cluster.ForceDelete(pod);
        _cluster.Run(359);
        Assert.Equal(["pvc-data-db-0 on a"], _cluster.Attachments);
        _cluster.Run(3);
        Assert.DoesNotContain("pvc-data-db-0 on a", _cluster.Attachments);
        _cluster.Until(() => _cluster.IsRunning("db-0"), seconds: 200);
    }

    [Fact]
    public void An_attachment_that_vanishes_under_a_living_pod_is_made_again()
    {
        var pod = _cluster.Start("db", on: "a");
        _cluster.DeleteAttachment(pod);
        _cluster.Until(() => !_cluster.Attachments.Any(), seconds: 5);
        _cluster.Until(() => _cluster.Store.All<VolumeAttachment>().Any(attachment => attachment is { NodeName: "a", Attached: true }), seconds: 62);
    }

    [Fact]
    public void A_pod_that_moves_politely_is_detached_and_attached_elsewhere()
    {
        _cluster.Start("db", on: "a");
        _cluster.Cordon("a");
        _cluster.Store.Delete<Pod>("default", "db-0");
        _cluster.Until(() => _cluster.IsRunning("db-0"), seconds: 60);
        Assert.Equal([$"pvc-data-db-0 on {_cluster.Pod("db-0")!.Spec.NodeName}"], _cluster.Attachments);
        Assert.Empty(_cluster.Node("a").VolumesAttached);
    }

    [Fact]
    public void While_LINSTOR_is_down_attaching_fails_with_an_error_and_is_tried_again()
    {
        World.AddVolume("data");
        World.Storage.StopLinstor();
        World.AddPod("app", PodTemplate.With("data"));
        _cluster.Run(20);
        Assert.Contains("connection refused", _cluster.Store.All<VolumeAttachment>().Single().AttachError, StringComparison.Ordinal);
        Assert.StartsWith("AttachVolume.Attach failed for volume \"pvc-data\" : ", _cluster.Events("app", "FailedAttachVolume").Single().Message, StringComparison.Ordinal);
        World.Storage.StartLinstor();
        _cluster.Until(() => _cluster.IsRunning("app"), seconds: 120);
        Assert.Null(_cluster.Store.All<VolumeAttachment>().Single().AttachError);
    }

    [Fact]
    public void An_attachment_that_another_client_created_is_noticed_at_once()
    {
        World.AddVolume("data");
        var volume = World.VolumeOf("default", "data")!;
        foreach (var node in _cluster.Store.All<Node>())
        {
            _cluster.Store.Create(new VolumeAttachment(new("", KubernetesWorld.AttachmentName(volume, node.Metadata.Name)), volume.Driver, volume.Metadata.Name, node.Metadata.Name));
        }

        _cluster.Run(10);
        World.AddPod("app", PodTemplate.With("data"));
        _cluster.Until(() => _cluster.Store.All<Node>().Any(node => node.VolumesAttached.Length > 0), seconds: 1);
    }

    [Fact]
    public void While_LINSTOR_is_down_a_deleted_attachment_stays_with_its_error()
    {
        var pod = _cluster.Start("db", on: "a");
        World.Crash("a");
        World.Storage.StopLinstor();
        _cluster.Release(pod);
        _cluster.ForceDelete(pod);
        Assert.Equal(WriteResult.Pending, _cluster.DeleteAttachment(pod));
        _cluster.Run(60);
        Assert.Contains("connection refused", _cluster.Store.All<VolumeAttachment>().Single().DetachError, StringComparison.Ordinal);
        World.Storage.StartLinstor();
        _cluster.Until(() => !_cluster.Attachments.Contains("pvc-data-db-0 on a"), seconds: 120);
    }

    [Fact]
    public void A_volume_is_attached_to_a_node_without_a_replica_through_a_diskless_one_which_goes_again()
    {
        var cluster = new ModelCluster(nodes: 5);
        var pod = cluster.Start("db", on: "e");
        Assert.True(cluster.World.CanWrite(pod));
        Assert.NotNull(cluster.World.Storage.FindReplica("pvc-data-db-0", "e"));
        foreach (var node in (string[])["c", "d", "e"])
        {
            cluster.Cordon(node);
        }

        cluster.Store.Delete<Pod>("default", "db-0");
        cluster.Until(() => cluster.IsRunning("db-0"), seconds: 60);
        Assert.Null(cluster.World.Storage.FindReplica("pvc-data-db-0", "e"));
    }

    [Fact]
    public void A_volume_for_many_nodes_is_attached_to_many_nodes()
    {
        World.AddVolume("shared", accessMode: AccessMode.ReadWriteMany, driver: "nfs.csi.example.com");
        var deployment = World.AddDeployment("web", 3, PodTemplate.With("shared"));
        _cluster.Until(() => _cluster.Store.Now(deployment)!.ReadyReplicas == 3);
        Assert.Equal(["pvc-shared on a", "pvc-shared on b", "pvc-shared on c"], _cluster.Attachments);
        Assert.Empty(World.Storage.Definitions);
    }

    [Fact]
    public void An_attachment_stays_until_the_attacher_lets_go()
    {
        var pod = _cluster.Start("db", on: "a");
        World.Crash("a");
        World.PauseAttacher();
        _cluster.Release(pod);
        _cluster.ForceDelete(pod);
        _cluster.DeleteAttachment(pod);
        _cluster.Run(30);
        Assert.Equal(["pvc-data-db-0 on a"], _cluster.Attachments);
        World.ResumeAttacher();
        _cluster.Until(() => !_cluster.Attachments.Contains("pvc-data-db-0 on a"), seconds: 1);
    }

    [Fact]
    public void A_pod_that_waits_for_a_volume_in_use_elsewhere_gets_an_Event_that_names_the_pod_that_uses_it()
    {
        World.AddVolume("data");
        World.AddPod("first", PodTemplate.With("data"));
        _cluster.Until(() => _cluster.IsRunning("first"));
        _cluster.Cordon(_cluster.Pod("first")!.Spec.NodeName!);
        World.AddPod("second", PodTemplate.With("data"));
        _cluster.Run(60);
        Assert.Equal("Multi-Attach error for volume \"pvc-data\" Volume is already used by pod(s) first", _cluster.Events("second", "FailedAttachVolume").Single().Message);
    }
}
