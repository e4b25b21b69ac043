using System.Text.Json.Serialization.Metadata;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>One kind of object to watch: its path, how to read it, and how to translate it for the core.</summary>
/// <param name="Source">Its name among the sources.</param>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Resource">The plural in lower case, as RBAC rules spell it.</param>
/// <param name="Path">The path of the collection, relative to the server.</param>
/// <param name="Selector">A label selector that the server applies; empty for everything.</param>
/// <param name="Item">How one object is read.</param>
/// <param name="Translate">The object as a type of the core; null if it does not concern us.</param>
/// <param name="Key">What tells the object from all others of its kind.</param>
/// <param name="MetadataOnly">Whether only the objects' metadata is requested.</param>
/// <param name="Optional">Whether a failover works without it: a missing permission then only costs convenience.</param>
internal sealed record WatchedKind<TWire, T>(
    Source Source,
    string Group,
    string Resource,
    string Path,
    string Selector,
    JsonTypeInfo<TWire> Item,
    Func<TWire, T?> Translate,
    Func<T, object> Key,
    bool Optional = false,
    bool MetadataOnly = false)
    where TWire : class
    where T : class;

/// <summary>The kinds that are watched.</summary>
internal sealed class WatchedKinds(KubernetesTranslation kubernetesTranslation, LabelSelector selector)
{
    public WatchedKind<WirePod, Pod> Pods { get; } = new(
        Source.Pods, "", "pods", "api/v1/pods", selector.ToString(),
        KubernetesJson.Default.WirePod, kubernetesTranslation.Pod, pod => pod.Key);

    public WatchedKind<WireVolume, Volume> Volumes { get; } = new(
        Source.Volumes, "", "persistentvolumes", "api/v1/persistentvolumes", "",
        KubernetesJson.Default.WireVolume, kubernetesTranslation.Volume, volume => volume.Name);

    public WatchedKind<WireAttachment, Attachment> Attachments { get; } = new(
        Source.Attachments, "storage.k8s.io", "volumeattachments", "apis/storage.k8s.io/v1/volumeattachments", "",
        KubernetesJson.Default.WireAttachment, kubernetesTranslation.Attachment, attachment => attachment.Name);

    // A node with a thousand volumes sends all of them with every change, so the details of a node are queried only when they matter.
    public WatchedKind<WireMetadataOnly, ClusterNode> Nodes { get; } = new(
        Source.Nodes, "", "nodes", "api/v1/nodes", "",
        KubernetesJson.Default.WireMetadataOnly, KubernetesTranslation.Node, node => node.Name, Optional: true, MetadataOnly: true);

    public WatchedKind<WireCsiNode, CsiNode> CsiNodes { get; } = new(
        Source.CsiNodes, "storage.k8s.io", "csinodes", "apis/storage.k8s.io/v1/csinodes", "",
        KubernetesJson.Default.WireCsiNode, kubernetesTranslation.CsiNode, node => node.Name, Optional: true);
}
