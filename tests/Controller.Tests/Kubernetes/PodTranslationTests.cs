using Piraeus.HighAvailability.Core;
using static Piraeus.HighAvailability.Controller.Tests.Kubernetes.Translations;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>How pods are translated for the core.</summary>
public sealed class PodTranslationTests
{
    [Theory]
    [InlineData("""{"hostPath":{"path":"/etc/localtime"}}""")]
    [InlineData("""{"emptyDir":{}}""")]
    [InlineData("""{"configMap":{"name":"c"}}""")]
    [InlineData("""{"secret":{"secretName":"s"}}""")]
    [InlineData("""{"projected":{"sources":[]}}""")]
    [InlineData("""{"downwardAPI":{"items":[]}}""")]
    [InlineData("""{"csi":{"driver":"secrets-store.csi.k8s.io","readOnly":true}}""")]
    [InlineData("""{"gitRepo":{"repository":"r"}}""")]
    [InlineData("""{"image":{"reference":"r"}}""")]
    [InlineData("""{"ephemeral":{"volumeClaimTemplate":{}}}""")]
    public void A_volume_that_lives_and_dies_with_the_node_exempts_no_pod(string volume) => Assert.Empty(PodWith(volume).SharedStorage);

    [Theory]
    [InlineData("nfs")]
    [InlineData("iscsi")]
    [InlineData("rbd")]
    [InlineData("cephfs")]
    [InlineData("glusterfs")]
    [InlineData("fc")]
    [InlineData("azureDisk")]
    [InlineData("azureFile")]
    [InlineData("awsElasticBlockStore")]
    [InlineData("gcePersistentDisk")]
    [InlineData("cinder")]
    [InlineData("vsphereVolume")]
    [InlineData("portworxVolume")]
    [InlineData("csi")]
    [InlineData("aKindOfNextYear")]
    public void Shared_storage_of_any_other_kind_exempts_the_pod_unless_it_is_read_only(string kind)
    {
        Assert.Equal([$"volume v ({kind})"], PodWith($$$"""{"{{{kind}}}":{"server":"s"}}""").SharedStorage);
        Assert.Equal([$"volume v ({kind})"], PodWith($$$"""{"{{{kind}}}":{"server":"s","readOnly":false}}""").SharedStorage);
        Assert.Empty(PodWith($$$"""{"{{{kind}}}":{"server":"s","readOnly":true}}""").SharedStorage);
    }

    [Theory]
    [InlineData("""{"csi":{"driver":"share.example.com"}}""", "volume v (driver share.example.com)")]
    [InlineData("""{"csi":{"driver":"share.example.com","readOnly":false,"volumeAttributes":{"readOnly":"true"}}}""", "volume v (driver share.example.com)")]
    [InlineData("""{"csi":{"driver":"linstor.csi.linbit.com","readOnly":null}}""", "volume v (driver linstor.csi.linbit.com)")]
    [InlineData("""{"csi":{"driver":null}}""", "volume v (csi)")]
    public void An_inline_csi_volume_that_can_be_written_is_shared_storage_and_names_its_driver(string volume, string what) =>
        Assert.Equal([what], PodWith(volume).SharedStorage);

    [Fact]
    public void A_claim_is_used_for_writing_unless_it_says_otherwise()
    {
        Assert.Equal([new ClaimUse("data")], PodWith("""{"persistentVolumeClaim":{"claimName":"data"}}""").Claims);
        Assert.Equal([new ClaimUse("data", ReadOnly: true)], PodWith("""{"persistentVolumeClaim":{"claimName":"data","readOnly":true}}""").Claims);
        Assert.Empty(PodWith("""{"persistentVolumeClaim":{"claimName":"data"}}""").SharedStorage);
    }

    [Fact]
    public void A_generic_ephemeral_volume_is_the_claim_that_Kubernetes_makes_for_it() =>
        Assert.Equal([new ClaimUse("app-v", Ephemeral: true)], PodWith("""{"ephemeral":{"volumeClaimTemplate":{"spec":{}}}}""").Claims);

    [Fact]
    public void A_pod_is_read_with_its_owner_its_finalizers_and_its_priority()
    {
        var pod = PodOf("""
            {"metadata":{"name":"app-0","finalizers":["example.com/held"],"ownerReferences":[{"kind":"Node","name":"n","uid":"0"},{"apiVersion":"apps/v1","kind":"StatefulSet","name":"app","uid":"7","controller":true}]},
             "spec":{"priority":1000},"status":{"phase":"Running"}}
            """);
        Assert.Equal(new Owner("apps/v1", "StatefulSet", "app", new("7")), pod.Owner);
        Assert.Equal(["example.com/held"], pod.Finalizers);
        Assert.Equal((1000, true), (pod.Priority, pod.Running));
        Assert.Null(PodOf("""{"metadata":{"ownerReferences":[null,{"kind":"Node","name":"n","uid":"0"}]}}""").Owner);
    }

    [Theory]
    [InlineData("""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available."}]}""", "0/3 nodes are available.")]
    [InlineData("""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]}""", "SchedulingGated")]
    [InlineData("""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"True"}],"containerStatuses":[{"name":"app","state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off"}}}]}""", "container app is waiting: ImagePullBackOff, Back-off")]
    [InlineData("""{"phase":"Pending","initContainerStatuses":[{"name":"init","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}""", "container init is waiting: CrashLoopBackOff")]
    [InlineData("""{"phase":"Pending","containerStatuses":[null,{"name":"app"},{"name":"app","state":{"waiting":{"reason":"ContainerCreating"}}}]}""", null)]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"app","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}""", null)]
    [InlineData("""{}""", null)]
    public void A_pod_that_does_not_run_says_why_if_its_status_does(string status, string? trouble) =>
        Assert.Equal(trouble, PodOf("""{"status":""" + status + "}").Trouble);

    [Fact]
    public void All_volumes_of_a_pod_count()
    {
        var pod = PodWith("""{"persistentVolumeClaim":{"claimName":"one"}}""", """{"nfs":{}}""", """{"persistentVolumeClaim":{"claimName":"two"}}""", """{"rbd":{}}""");
        Assert.Equal(["one", "two"], pod.Claims.Select(use => use.Claim));
        Assert.Equal(["volume v (nfs)", "volume v (rbd)"], pod.SharedStorage);
    }

    [Fact]
    public void A_pod_is_who_it_is_and_where_it_is()
    {
        var pod = PodOf("""{"metadata":{"name":"app-0","namespace":"shop","uid":"u-1"},"spec":{"nodeName":"a"}}""");
        Assert.Equal((new ObjectKey("shop", "app-0"), new Uid("u-1"), new NodeName("a")), (pod.Key, pod.Uid, pod.Node));
        Assert.Null(PodOf("""{"metadata":{"name":"app-0"},"spec":{"nodeName":""}}""").Node);
    }

    [Fact]
    public void Labels_opt_in_and_the_annotation_opts_out_whatever_its_value()
    {
        Assert.False(PodOf("""{"metadata":{"labels":{"linstor.csi.linbit.com/on-storage-lost":"keep"}}}""").OptedIn);
        Assert.True(PodOf("""{"metadata":{"labels":{"linstor.csi.linbit.com/on-storage-lost":"remove"}}}""").OptedIn);
        Assert.False(PodOf("""{"metadata":{"annotations":{"other":"x"}}}""").OptedOut);
        Assert.True(PodOf("""{"metadata":{"annotations":{"drbd.linbit.com/ignore-fail-over":""}}}""").OptedOut);
        Assert.True(PodOf("""{"metadata":{"annotations":{"drbd.linbit.com/ignore-fail-over":"false"}}}""").OptedOut);
    }

    [Theory]
    [InlineData("Running")]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public void A_pod_is_terminating_from_its_deletion_on_whatever_its_phase(string phase)
    {
        var status = $$"""{"phase":"{{phase}}"}""";
        Assert.True(PodOf("""{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"status":""" + status + "}").Terminating);
        Assert.False(PodOf("""{"metadata":{"deletionTimestamp":null},"status":""" + status + "}").Terminating);
    }

    [Theory]
    [InlineData("Pending", false)]
    [InlineData("Running", false)]
    [InlineData("Unknown", false)]
    [InlineData("APhaseOfNextYear", false)]
    [InlineData("Succeeded", true)]
    [InlineData("Failed", true)]
    public void A_pod_is_finished_when_it_has_succeeded_or_failed(string phase, bool finished) =>
        Assert.Equal(finished, PodOf($$$"""{"status":{"phase":"{{{phase}}}"}}""").Finished);

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"metadata":null,"spec":null,"status":null}""")]
    [InlineData("""{"metadata":{"name":null,"labels":null,"annotations":null},"spec":{"volumes":null},"status":{"phase":null}}""")]
    [InlineData("""{"spec":{"volumes":[null,{},{"name":null,"persistentVolumeClaim":null},{"persistentVolumeClaim":{"claimName":null}},{"nfs":null}]}}""")]
    public void A_pod_without_fields_is_no_error_and_exempts_nothing(string json) => Assert.Empty(PodOf(json).SharedStorage);
}
