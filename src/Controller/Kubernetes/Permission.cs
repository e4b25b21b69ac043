namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Says which RBAC rule is missing, in the words in which it has to be added.</summary>
internal static class Permission
{
    public static string Missing(string group, string resource, params IEnumerable<string> verbs) =>
        $"missing permission: add the rule {{apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [{string.Join(", ", verbs.Select(verb => $"\"{verb}\""))}]}} to the role of this service account";
}
