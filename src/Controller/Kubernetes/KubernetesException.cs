using System.Net;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>The Kubernetes API answered a request with something else than success.</summary>
internal sealed class KubernetesException(HttpStatusCode status, string message, TimeSpan? retryAfter = null) : Exception(message)
{
    /// <summary>The HTTP status, or the code of an <c>ERROR</c> event within a watch.</summary>
    public HttpStatusCode Status => status;

    /// <summary>How long the server asks to be left alone.</summary>
    public TimeSpan? RetryAfter => retryAfter;
}

/// <summary>Says which RBAC rule is missing, in the words in which it has to be added.</summary>
internal static class Permission
{
    public static string Missing(string group, string resource, params IEnumerable<string> verbs) =>
        $"missing permission: add the rule {{apiGroups: [\"{group}\"], resources: [\"{resource}\"], "
        + $"verbs: [{string.Join(", ", verbs.Select(verb => $"\"{verb}\""))}]}} to the role of this service account";
}
