namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The API paths that the tests use.</summary>
public static class Paths
{
    public const string Nodes = "api/v1/nodes";
    public const string CsiNodes = "apis/storage.k8s.io/v1/csinodes";
    public const string NodeLeases = "apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    public const string Namespaces = "api/v1/namespaces";
    public const string AllPods = "api/v1/pods";
    public const string Volumes = "api/v1/persistentvolumes";
    public const string Attachments = "apis/storage.k8s.io/v1/volumeattachments";

    public static string Node(string name) => $"{Nodes}/{name}";

    public static string Pods(string space) => $"{Namespaces}/{space}/pods";

    public static string Pod(string space, string name) => $"{Pods(space)}/{name}";

    public static string Claims(string space) => $"{Namespaces}/{space}/persistentvolumeclaims";

    public static string Claim(string space, string name) => $"{Claims(space)}/{name}";

    public static string Volume(string name) => $"{Volumes}/{name}";

    public static string Attachment(string name) => $"{Attachments}/{name}";

    public static string Events(string space) => $"{Namespaces}/{space}/events";

    public static string StatefulSets(string space) => $"apis/apps/v1/namespaces/{space}/statefulsets";

    public static string Deployments(string space) => $"apis/apps/v1/namespaces/{space}/deployments";

    public static string ReplicaSets(string space) => $"apis/apps/v1/namespaces/{space}/replicasets";

    public static string Leases(string space) => $"apis/coordination.k8s.io/v1/namespaces/{space}/leases";

    public static string ServiceAccounts(string space) => $"{Namespaces}/{space}/serviceaccounts";
}
