using System.Text.Json;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

public sealed class KubernetesTranslationTests
{
    private const string Driver = "linstor.csi.linbit.com";

    private static readonly KubernetesTranslation KubernetesTranslation = new(Driver, LabelSelector.Parse("linstor.csi.linbit.com/on-storage-lost=remove"));

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
        var pod = Pod("""
            {"metadata":{"name":"app-0","finalizers":["example.com/held"],"ownerReferences":[{"kind":"Node","name":"n","uid":"0"},{"apiVersion":"apps/v1","kind":"StatefulSet","name":"app","uid":"7","controller":true}]},
             "spec":{"priority":1000},"status":{"phase":"Running"}}
            """);
        Assert.Equal(new Owner("apps/v1", "StatefulSet", "app", new("7")), pod.Owner);
        Assert.Equal(["example.com/held"], pod.Finalizers);
        Assert.Equal((1000, true), (pod.Priority, pod.Running));
        Assert.Null(Pod("""{"metadata":{"ownerReferences":[null,{"kind":"Node","name":"n","uid":"0"}]}}""").Owner);
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
        Assert.Equal(trouble, Pod("""{"status":""" + status + "}").Trouble);

    [Theory]
    [InlineData("""{"attached":true}""", "", true, null)]
    [InlineData("""{"attached":false,"attachError":{"message":"no space"},"detachError":{"message":"old"}}""", "", false, "no space")]
    [InlineData("""{"attached":true,"attachError":{"message":"old"},"detachError":{"message":"still mounted"}}""", "2026-01-01T00:00:00Z", true, "still mounted")]
    [InlineData("null", "", false, null)]
    public void An_attachment_says_whether_it_is_attached_and_what_failed(string status, string deleted, bool attached, string? trouble)
    {
        var deletion = deleted.Length == 0 ? "null" : $"\"{deleted}\"";
        var attachment = KubernetesTranslation.Attachment(Read(
            $$$"""{"metadata":{"name":"va","deletionTimestamp":{{{deletion}}}},"spec":{"attacher":"{{{Driver}}}","nodeName":"a","source":{"persistentVolumeName":"pv"}},"status":{{{status}}}}""", KubernetesJson.Default.WireAttachment))!;
        Assert.Equal((attached, trouble), (attachment.Attached, attachment.Trouble));
    }

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
        var pod = Pod("""{"metadata":{"name":"app-0","namespace":"shop","uid":"u-1"},"spec":{"nodeName":"a"}}""");
        Assert.Equal((new ObjectKey("shop", "app-0"), new Uid("u-1"), new NodeName("a")), (pod.Key, pod.Uid, pod.Node));
        Assert.Null(Pod("""{"metadata":{"name":"app-0"},"spec":{"nodeName":""}}""").Node);
    }

    [Fact]
    public void Labels_opt_in_and_the_annotation_opts_out_whatever_its_value()
    {
        Assert.False(Pod("""{"metadata":{"labels":{"linstor.csi.linbit.com/on-storage-lost":"keep"}}}""").OptedIn);
        Assert.True(Pod("""{"metadata":{"labels":{"linstor.csi.linbit.com/on-storage-lost":"remove"}}}""").OptedIn);
        Assert.False(Pod("""{"metadata":{"annotations":{"other":"x"}}}""").OptedOut);
        Assert.True(Pod("""{"metadata":{"annotations":{"drbd.linbit.com/ignore-fail-over":""}}}""").OptedOut);
        Assert.True(Pod("""{"metadata":{"annotations":{"drbd.linbit.com/ignore-fail-over":"false"}}}""").OptedOut);
    }

    [Theory]
    [InlineData("Running")]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public void A_pod_is_terminating_from_its_deletion_on_whatever_its_phase(string phase)
    {
        var status = $$"""{"phase":"{{phase}}"}""";
        Assert.True(Pod("""{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"status":""" + status + "}").Terminating);
        Assert.False(Pod("""{"metadata":{"deletionTimestamp":null},"status":""" + status + "}").Terminating);
    }

    [Theory]
    [InlineData("Pending", false)]
    [InlineData("Running", false)]
    [InlineData("Unknown", false)]
    [InlineData("APhaseOfNextYear", false)]
    [InlineData("Succeeded", true)]
    [InlineData("Failed", true)]
    public void A_pod_is_finished_when_it_has_succeeded_or_failed(string phase, bool finished) =>
        Assert.Equal(finished, Pod($$$"""{"status":{"phase":"{{{phase}}}"}}""").Finished);

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"metadata":null,"spec":null,"status":null}""")]
    [InlineData("""{"metadata":{"name":null,"labels":null,"annotations":null},"spec":{"volumes":null},"status":{"phase":null}}""")]
    [InlineData("""{"spec":{"volumes":[null,{},{"name":null,"persistentVolumeClaim":null},{"persistentVolumeClaim":{"claimName":null}},{"nfs":null}]}}""")]
    public void A_pod_without_fields_is_no_error_and_exempts_nothing(string json) => Assert.Empty(Pod(json).SharedStorage);

    [Theory]
    [InlineData("rd", "rd")]
    [InlineData("rd/3", "rd")]
    [InlineData("rd/3/4", "rd")]
    public void A_handle_is_a_resource_definition_or_one_and_a_volume_number(string handle, string resource)
    {
        var volume = Volume($$$"""{"csi":{"driver":"{{{Driver}}}","volumeHandle":"{{{handle}}}"}}""");
        Assert.Equal(new ResourceName(resource), volume.Resource);
        Assert.Null(volume.SharedStorage);
    }

    [Fact]
    public void An_NFS_export_is_no_volume_of_ours_but_shared_storage()
    {
        var volume = Volume("""{"csi":{"driver":"linstor.csi.linbit.com","volumeHandle":"rd","volumeAttributes":{"linstor.csi.linbit.com/nfs-export":"x"}}}""");
        Assert.Null(volume.Resource);
        Assert.Equal("NFS export", volume.SharedStorage);
    }

    [Theory]
    [InlineData("""{"csi":{"driver":"other.csi.io","volumeHandle":"h"}}""", "driver other.csi.io")]
    [InlineData("""{"csi":{"driver":"linstor.csi.linbit.com"}}""", "driver linstor.csi.linbit.com")]
    [InlineData("""{"csi":{"driver":"other.csi.io","volumeHandle":"h"},"accessModes":["ReadWriteOnce","ReadOnlyMany"]}""", "driver other.csi.io")]
    [InlineData("""{"nfs":{"server":"s","path":"/"},"capacity":{"storage":"1Gi"},"nodeAffinity":{}}""", "nfs")]
    [InlineData("""{"aKindOfNextYear":{}}""", "aKindOfNextYear")]
    public void Writing_to_a_volume_that_is_not_LINSTORs_is_not_fenced(string spec, string what)
    {
        Assert.Equal(what, Volume(spec).SharedStorage);
        Assert.Null(Volume(spec).Resource);
    }

    [Theory]
    [InlineData("""{"local":{"path":"/mnt/disk"},"nodeAffinity":{"required":{}},"capacity":{"storage":"1Gi"}}""")]
    [InlineData("""{"hostPath":{"path":"/mnt"}}""")]
    [InlineData("""{"nfs":{"server":"s","readOnly":true}}""")]
    [InlineData("""{"nfs":{"server":"s"},"accessModes":["ReadOnlyMany"]}""")]
    [InlineData("""{"csi":{"driver":"other.csi.io","volumeHandle":"h","readOnly":true}}""")]
    [InlineData("""{"csi":{"driver":"other.csi.io","volumeHandle":"h"},"accessModes":["ReadOnlyMany"]}""")]
    [InlineData("""{"csi":null,"claimRef":null,"accessModes":null,"nfs":null}""")]
    public void A_volume_that_stays_on_its_node_or_can_only_be_read_is_harmless(string spec) => Assert.Null(Volume(spec).SharedStorage);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"metadata":null,"spec":null}""")]
    [InlineData("""{"status":{"phase":"Bound"},"spec":{"claimRef":{},"csi":{"driver":null,"volumeHandle":null,"volumeAttributes":null}}}""")]
    public void A_volume_without_a_source_and_a_claim_has_no_resource_and_no_claim(string json)
    {
        var volume = KubernetesTranslation.Volume(Read(json, KubernetesJson.Default.WireVolume));
        Assert.Null(volume.Resource);
        Assert.Null(volume.Claim);
    }

    [Fact]
    public void An_attachment_is_ours_if_its_attacher_is()
    {
        var json = """{"metadata":{"name":"csi-1","uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"attacher":"DRIVER","nodeName":"a","source":{"persistentVolumeName":"pv"}}}""";
        Assert.Equal(
            new Attachment("csi-1", new("u"), "pv", new("a"), Deleting: true),
            KubernetesTranslation.Attachment(Read(json.Replace("DRIVER", Driver, StringComparison.Ordinal), KubernetesJson.Default.WireAttachment)));
        Assert.Null(KubernetesTranslation.Attachment(Read(json, KubernetesJson.Default.WireAttachment)));
    }

    [Theory]
    [InlineData("""{"attacher":"linstor.csi.linbit.com","source":{"inlineVolumeSpec":{"csi":{}}}}""")]
    [InlineData("""{"attacher":"linstor.csi.linbit.com","source":null}""")]
    [InlineData("""{"attacher":"linstor.csi.linbit.com","nodeName":null}""")]
    [InlineData("""{"attacher":null}""")]
    [InlineData("null")]
    public void An_attachment_of_no_PersistentVolume_is_none_of_our_business(string spec) =>
        Assert.Null(KubernetesTranslation.Attachment(Read($$$"""{"spec":{{{spec}}}}""", KubernetesJson.Default.WireAttachment)));

    [Theory]
    [InlineData("""{"drivers":[{"name":"other","nodeID":"x"},{"name":"linstor.csi.linbit.com","nodeID":"a.example.com"}]}""", "a.example.com")]
    [InlineData("""{"drivers":[{"name":"other","nodeID":"x"}]}""", null)]
    [InlineData("""{"drivers":[{"name":"linstor.csi.linbit.com","nodeID":""}]}""", null)]
    [InlineData("""{"drivers":[null]}""", null)]
    [InlineData("""{"drivers":null}""", null)]
    [InlineData("null", null)]
    public void A_nodes_LINSTOR_name_is_the_drivers_node_id(string spec, string? name)
    {
        var node = KubernetesTranslation.CsiNode(Read($$$"""{"metadata":{"name":"a"},"spec":{{{spec}}}}""", KubernetesJson.Default.WireCsiNode));
        Assert.Equal(new NodeName("a"), node.Name);
        Assert.Equal(name, node.LinstorName?.Value);
    }

    [Theory]
    [InlineData("""{"name":"a","uid":"u"}""", false)]
    [InlineData("""{"name":"a","uid":"u","annotations":{"drbd.linbit.com/lost-quorum-tainted-by":"piraeus-ha-controller"}}""", true)]
    [InlineData("""{"name":"a","uid":"u","annotations":{"drbd.linbit.com/lost-quorum-tainted-by":"another-owner"}}""", false)]
    public void A_node_is_its_name_and_incarnation_and_whether_we_have_tainted_it(string metadata, bool tainted)
    {
        var node = KubernetesTranslation.Node(Read($$"""{"metadata":{{metadata}}}""", KubernetesJson.Default.WireMetadataOnly));
        Assert.Equal((new("a"), new("u"), tainted), (node.Name, node.Uid, node.TaintedByUs));
    }

    [Theory]
    [InlineData("""{"name":"a"}""", false)]
    [InlineData("""{"name":"a","annotations":{"drbd.linbit.com/loss-confirmed":""}}""", true)]
    [InlineData("""{"name":"a","annotations":{"drbd.linbit.com/loss-confirmed":"burnt down, says Ada"}}""", true)]
    public void An_administrator_confirms_the_loss_of_a_node_by_an_annotation_of_any_value(string metadata, bool confirmed) =>
        Assert.Equal(confirmed, KubernetesTranslation.Node(Read($$"""{"metadata":{{metadata}}}""", KubernetesJson.Default.WireMetadataOnly)).LossConfirmed);

    private static Pod Pod(string json) => KubernetesTranslation.Pod(Read(json, KubernetesJson.Default.WirePod));

    private static Pod PodWith(params string[] volumes) =>
        Pod("""{"metadata":{"name":"app"},"spec":{"volumes":[VOLUMES]}}""".Replace("VOLUMES", string.Join(',', volumes.Select(volume => $$$"""{"name":"v",{{{volume[1..]}}}""")), StringComparison.Ordinal));

    private static Volume Volume(string spec) => KubernetesTranslation.Volume(Read($$$"""{"metadata":{"name":"pv"},"spec":{{{spec}}}}""", KubernetesJson.Default.WireVolume));

    private static T Read<T>(string json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => JsonSerializer.Deserialize(json, type)!;
}
