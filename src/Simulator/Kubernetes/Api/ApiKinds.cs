namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>All kinds. A new one needs a class and a line here; paths, discovery and tables follow from it.</summary>
internal static class ApiKinds
{
    public static IReadOnlyList<ApiKind> Table { get; } =
    [
        new ConfigMapKind(),
        new CoreEventKind(),
        new NamespaceKind(),
        new NodeKind(),
        new PersistentVolumeClaimKind(),
        new PersistentVolumeKind(),
        new PodKind(),
        new ServiceKind(),
        new DeploymentKind(),
        new ReplicaSetKind(),
        new StatefulSetKind(),
        new LeaseKind(),
        new NewEventKind(),
        new CsiDriverKind(),
        new CsiNodeKind(),
        new StorageClassKind(),
        new VolumeAttachmentKind(),
    ];

    /// <summary>The groups, except the core group.</summary>
    public static IReadOnlyList<string> Groups { get; } = [.. Table.Select(kind => kind.Group).Where(group => group.Length > 0).Distinct()];

    public static IEnumerable<ApiKind> In(string group) => Table.Where(kind => kind.Group == group);

    public static ApiKind? Find(string group, string plural) => In(group).FirstOrDefault(kind => kind.Plural == plural);
}
