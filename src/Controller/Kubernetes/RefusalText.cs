using System.Net;
using System.Text.RegularExpressions;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Names the missing RBAC rule in the form in which it has to be added.</summary>
internal static partial class RefusalText
{
    /// <summary>Why a request failed: the server's message first, and then the missing rule, if an authorizer refused the request.</summary>
    /// <param name="failed">The failure.</param>
    /// <param name="rule">The rule, from <see cref="Missing"/> or <see cref="MissingIn"/>.</param>
    /// <remarks>Admission webhooks, quotas and namespaces that are being deleted answer 403, too, and no rule helps against them.</remarks>
    public static string Explain(Exception failed, string rule) =>
        failed is KubernetesException { Status: HttpStatusCode.Forbidden } && Authorizer().IsMatch(failed.Message) ? $"{failed.Message} ({rule})" : failed.Message;

    // The API server's wording for a refusal by any of its authorizers.
    [GeneratedRegex("User \"[^\"]*\" cannot [a-z]+ ", RegexOptions.CultureInvariant)]
    private static partial Regex Authorizer();

    /// <summary>For requests to the whole cluster.</summary>
    public static string Missing(string group, string resource, params IEnumerable<string> verbs) =>
        $"{Rule(group, resource, verbs)} to the role of this service account";

    /// <summary>For requests to one namespace only, where a Role is enough.</summary>
    public static string MissingIn(string @namespace, string group, string resource, params IEnumerable<string> verbs) =>
        $"{Rule(group, resource, verbs)} to a Role in namespace {@namespace} that is bound to this service account";

    private static string Rule(string group, string resource, IEnumerable<string> verbs) =>
        $"missing permission: add the rule {{apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [{string.Join(", ", verbs.Select(verb => $"\"{verb}\""))}]}}";
}
