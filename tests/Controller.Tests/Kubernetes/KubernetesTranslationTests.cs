using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;
using static Piraeus.HighAvailability.Controller.Tests.Kubernetes.Translations;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>How volumes, attachments and nodes are translated for the core.</summary>
public sealed class KubernetesTranslationTests
{
    [Theory]
    [InlineData("""{"attached":true}""", "", true, null)]
    [InlineData("""{"attached":false,"attachError":{"message":"no space"},"detachError":{"message":"old"}}""", "", false, "no space")]
    [InlineData("""{"attached":true,"attachError":{"message":"old"},"detachError":{"message":"still mounted"}}""", "2026-01-01T00:00:00Z", true, "still mounted")]
    [InlineData("null", "", false, null)]
    public void An_attachment_says_whether_it_is_attached_and_what_failed(string status, string deleted, bool attached, string? trouble)
    {
        var deletion = deleted.Length == 0 ? "null" : $"\"{deleted}\"";
        var attachment = Translation.Attachment(Read(
            $$$"""{"metadata":{"name":"va","deletionTimestamp":{{{deletion}}}},"spec":{"attacher":"{{{Driver}}}","nodeName":"a","source":{"persistentVolumeName":"pv"}},"status":{{{status}}}}""", KubernetesJson.Default.WireAttachment))!;
        Assert.Equal((attached, trouble), (attachment.Attached, attachment.Trouble));
    }

    [Theory]
    [InlineData("rd", "rd")]
    [InlineData("rd/3", "rd")]
    [InlineData("rd/3/4", "rd")]
    public void A_handle_is_a_resource_definition_or_one_and_a_volume_number(string handle, string resource)
    {
        var volume = VolumeOf($$$"""{"csi":{"driver":"{{{Driver}}}","volumeHandle":"{{{handle}}}"}}""");
        Assert.Equal(new ResourceName(resource), volume.Resource);
        Assert.Null(volume.SharedStorage);
    }

    [Fact]
    public void An_NFS_export_is_no_volume_of_ours_but_shared_storage()
    {
        var volume = VolumeOf("""{"csi":{"driver":"linstor.csi.linbit.com","volumeHandle":"rd","volumeAttributes":{"linstor.csi.linbit.com/nfs-export":"x"}}}""");
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
        Assert.Equal(what, VolumeOf(spec).SharedStorage);
        Assert.Null(VolumeOf(spec).Resource);
    }

    [Theory]
    [InlineData("""{"local":{"path":"/mnt/disk"},"nodeAffinity":{"required":{}},"capacity":{"storage":"1Gi"}}""")]
    [InlineData("""{"hostPath":{"path":"/mnt"}}""")]
    [InlineData("""{"nfs":{"server":"s","readOnly":true}}""")]
    [InlineData("""{"nfs":{"server":"s"},"accessModes":["ReadOnlyMany"]}""")]
    [InlineData("""{"csi":{"driver":"other.csi.io","volumeHandle":"h","readOnly":true}}""")]
    [InlineData("""{"csi":{"driver":"other.csi.io","volumeHandle":"h"},"accessModes":["ReadOnlyMany"]}""")]
    [InlineData("""{"csi":null,"claimRef":null,"accessModes":null,"nfs":null}""")]
    public void A_volume_that_stays_on_its_node_or_can_only_be_read_is_harmless(string spec) => Assert.Null(VolumeOf(spec).SharedStorage);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"metadata":null,"spec":null}""")]
    [InlineData("""{"status":{"phase":"Bound"},"spec":{"claimRef":{},"csi":{"driver":null,"volumeHandle":null,"volumeAttributes":null}}}""")]
    public void A_volume_without_a_source_and_a_claim_has_no_resource_and_no_claim(string json)
    {
        var volume = Translation.Volume(Read(json, KubernetesJson.Default.WireVolume));
        Assert.Null(volume.Resource);
        Assert.Null(volume.Claim);
    }

    [Fact]
    public void An_attachment_is_ours_if_its_attacher_is()
    {
        var json = """{"metadata":{"name":"csi-1","uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"attacher":"DRIVER","nodeName":"a","source":{"persistentVolumeName":"pv"}}}""";
        Assert.Equal(
            new Attachment("csi-1", new("u"), "pv", new("a"), Deleting: true),
            Translation.Attachment(Read(json.Replace("DRIVER", Driver, StringComparison.Ordinal), KubernetesJson.Default.WireAttachment)));
        Assert.Null(Translation.Attachment(Read(json, KubernetesJson.Default.WireAttachment)));
    }

    [Theory]
    [InlineData("""{"attacher":"linstor.csi.linbit.com","source":{"inlineVolumeSpec":{"csi":{}}}}""")]
    [InlineData("""{"attacher":"linstor.csi.linbit.com","source":null}""")]
    [InlineData("""{"attacher":"linstor.csi.linbit.com","nodeName":null}""")]
    [InlineData("""{"attacher":null}""")]
    [InlineData("null")]
    public void An_attachment_of_no_PersistentVolume_is_none_of_our_business(string spec) =>
        Assert.Null(Translation.Attachment(Read($$$"""{"spec":{{{spec}}}}""", KubernetesJson.Default.WireAttachment)));

    [Theory]
    [InlineData("""{"drivers":[{"name":"other","nodeID":"x"},{"name":"linstor.csi.linbit.com","nodeID":"a.example.com"}]}""", "a.example.com")]
    [InlineData("""{"drivers":[{"name":"other","nodeID":"x"}]}""", null)]
    [InlineData("""{"drivers":[{"name":"linstor.csi.linbit.com","nodeID":""}]}""", null)]
    [InlineData("""{"drivers":[null]}""", null)]
    [InlineData("""{"drivers":null}""", null)]
    [InlineData("null", null)]
    public void A_nodes_LINSTOR_name_is_the_drivers_node_id(string spec, string? name)
    {
        var node = Translation.CsiNode(Read($$$"""{"metadata":{"name":"a"},"spec":{{{spec}}}}""", KubernetesJson.Default.WireCsiNode));
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
}
