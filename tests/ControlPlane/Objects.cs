using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The few fields of Kubernetes objects that all tests and fakes use.</summary>
public static class Objects
{
    extension(JsonNode node)
    {
        public string Name => node["metadata"]!["name"]!.GetValue<string>();

        public string Namespace => node["metadata"]!["namespace"]?.GetValue<string>() ?? "";

        public string Uid => node["metadata"]!["uid"]!.GetValue<string>();

        public string ResourceVersion => node["metadata"]!["resourceVersion"]!.GetValue<string>();

        /// <summary>The object's key in its collection: its name, behind its namespace if it has one.</summary>
        public string Key => node.Namespace.Length == 0 ? node.Name : $"{node.Namespace}/{node.Name}";

        public bool IsTerminating => node["metadata"]!["deletionTimestamp"] is not null;

        public bool IsRunningPod => node.Text("status", "phase") == "Running" && !node.IsTerminating;

        /// <summary>The node that a pod is bound to, or that an attachment attaches to.</summary>
        public string? NodeName => node.Text("spec", "nodeName");

        public bool IsAttached => node["status"]?["attached"]?.GetValue<bool>() ?? false;

        public string? AttachedVolume => node.Text("spec", "source", "persistentVolumeName");

        /// <summary>The claims that a pod mounts.</summary>
        public IEnumerable<string> Claims =>
            node.Items("spec", "volumes").Select(volume => volume.Text("persistentVolumeClaim", "claimName")).OfType<string>();

        public IEnumerable<string> VolumesInUse => node.Items("status", "volumesInUse").Select(volume => volume.GetValue<string>());

        public IEnumerable<string> TaintKeys => node.Items("spec", "taints").Select(taint => taint["key"]!.GetValue<string>());

        public string? Text(params ReadOnlySpan<string> path) => node.At(path)?.GetValue<string>();

        public IEnumerable<JsonNode> Items(params ReadOnlySpan<string> path) => (node.At(path) as JsonArray)?.OfType<JsonNode>() ?? [];

        private JsonNode? At(ReadOnlySpan<string> path)
        {
            var found = node;
            foreach (var step in path)
            {
                found = found?[step];
            }
            return found;
        }
    }
}
