using Piraeus.HighAvailability.Controller.History;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Doctor;

/// <summary>A right that the controller uses.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Resource">The resource, with its subresource.</param>
/// <param name="Verb">The verb.</param>
/// <param name="Cost">What is lost without it; null if no failover works without it.</param>
/// <param name="IsOfLease">Whether it is needed in the Lease's namespace only.</param>
internal sealed record Permission(string Group, string Resource, string Verb, string? Cost = null, bool IsOfLease = false)
{
    private const string Names = "the controller assumes that LINSTOR and Kubernetes use the same name for a node";
    private const string Taint = "a lost node gets no taint, so the scheduler may choose it again";
    private const string Speed = "a failover takes up to a minute longer";
    private const string Jobs = "a Job may count a pod that was moved as failed";
    private const string Memory = "what was done is forgotten when the process ends";
    private const string Words = "no Kubernetes Event records what was done";

    /// <summary>The rights of deploy/all.yaml.</summary>
    public static IReadOnlyList<Permission> All { get; } =
    [
        new("", "pods", "list"), new("", "pods", "watch"), new("", "pods", "delete"), new("", "pods/status", "patch", Jobs),
        new("", "persistentvolumes", "list"), new("", "persistentvolumes", "watch"),
        new("storage.k8s.io", "volumeattachments", "list"), new("storage.k8s.io", "volumeattachments", "watch"), new("storage.k8s.io", "volumeattachments", "delete"),
        new("storage.k8s.io", "csinodes", "list", Names), new("storage.k8s.io", "csinodes", "watch", Names),
        new("", "nodes", "get", Taint), new("", "nodes", "list", Taint), new("", "nodes", "watch", Taint), new("", "nodes", "patch", Taint), new("", "nodes/status", "patch", Speed),
        new("", "events", "create", Words), new("", "events", "list", "the controller cannot report why a failover is stuck"),
        new("coordination.k8s.io", "leases", "create", IsOfLease: true), new("coordination.k8s.io", "leases", "get", IsOfLease: true), new("coordination.k8s.io", "leases", "update", IsOfLease: true),
        new("", "configmaps", "create", Memory, IsOfLease: true), new("", "configmaps", "get", Memory, IsOfLease: true), new("", "configmaps", "update", Memory, IsOfLease: true),
    ];

    /// <summary>The only object that it is about; null for the whole cluster.</summary>
    public ObjectKey? Only(ObjectKey lease) => !IsOfLease ? null : Resource == "configmaps" ? HistoryText.ConfigMapOf(lease) : lease;

    /// <summary>The rule that grants some rights to one resource.</summary>
    public static string RuleFor(IGrouping<(string Group, string Resource, bool IsOfLease), Permission> missing, string @namespace) => missing.Key.IsOfLease
        ? RefusalText.MissingIn(@namespace, missing.Key.Group, missing.Key.Resource, missing.Select(right => right.Verb))
        : RefusalText.Missing(missing.Key.Group, missing.Key.Resource, missing.Select(right => right.Verb));
}
