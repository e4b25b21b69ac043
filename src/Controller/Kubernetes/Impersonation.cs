using System.Net.Http.Headers;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Whom a kubeconfig's user acts as.</summary>
internal sealed record Impersonation(string User, string? Uid, IReadOnlyList<string> Groups)
{
    public void ApplyTo(HttpRequestHeaders headers)
    {
        headers.Add("Impersonate-User", User);
        if (Uid is not null)
        {
            headers.Add("Impersonate-Uid", Uid);
        }

        if (Groups.Count > 0)
        {
            headers.Add("Impersonate-Group", Groups);
        }
    }
}
