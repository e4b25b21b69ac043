using System.Net;
using System.Text.RegularExpressions;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Says which RBAC rule is missing, in the words in which it has to be added.</summary>
internal static partial class RefusalText
{
    /// <summary>Why a request failed: the server's own words first, and then the missing rule, if it was an authorizer that refused.</summary>
    /// <param name="failed">The failure.</param>
    /// <param name="rule">The rule, from <see cref="Missing"/> or <see cref="MissingIn"/>.</param>
    /// <remarks>Admission webhooks, quotas and namespaces that are being deleted answer 403, too, and no rule helps against them.</remarks>
    public static string Explain(Exception failed, string rule) =>
        failed is KubernetesException { Status: HttpStatusCode.Forbidden } && Authorizer().IsMatch(failed.Message) ? $"{failed.Message} ({rule})" : failed.Message;

    // How the API server words what its authorizers refuse, whichever of them does.
    [GeneratedRegex("User \"[^\"]*\" cannot [a-z]+ ", RegexOptions.CultureInvariant)]
    private static partial Regex Authorizer();

    /// <summary>For what is asked of the whole cluster.</summary>
    public static string Missing(string group, string resource, params IEnumerable<string> verbs) =>
        $"{Rule(group, resource, verbs)} to the role of this service account";

    /// <summary>For what is asked of one namespace only, where a Role is enough.</summary>
    public static string MissingIn(string @namespace, string group, string resource, params IEnumerable<string> verbs) =>
        $"{Rule(group, resource, verbs)} to a Role in namespace {@namespace} that is bound to this service account";

    private static string Rule(string group, string resource, IEnumerable<string> verbs) =>
        $"missing permission: add the rule {{apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [{string.Join(", ", verbs.Select(verb => $"\"{verb}\""))}]}}";
}
