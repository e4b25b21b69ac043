namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Says which RBAC rule is missing, in the words in which it has to be added.</summary>
internal static class Permission
{
    /// <summary>For what is asked of the whole cluster.</summary>
    public static string Missing(string group, string resource, params IEnumerable<string> verbs) =>
        $"{Rule(group, resource, verbs)} to the role of this service account";

    /// <summary>For what is asked of one namespace only, where a Role is enough.</summary>
    public static string MissingIn(string @namespace, string group, string resource, params IEnumerable<string> verbs) =>
        $"{Rule(group, resource, verbs)} to a Role in namespace {@namespace} that is bound to this service account";

    private static string Rule(string group, string resource, IEnumerable<string> verbs) =>
        $"missing permission: add the rule {{apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [{string.Join(", ", verbs.Select(verb => $"\"{verb}\""))}]}}";
}
