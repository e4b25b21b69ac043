using System.Net;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>The Kubernetes API answered a request with something other than success.</summary>
internal sealed class KubernetesException(HttpStatusCode status, string message, TimeSpan? retryAfter = null) : RemoteException(message)
{
    /// <summary>The HTTP status, or the code of an <c>ERROR</c> event within a watch.</summary>
    public HttpStatusCode Status => status;

    /// <summary>Whether the API server itself wrote the answer: a <c>Status</c>. A proxy in front of it may answer, too.</summary>
    public bool IsOfServer { get; init; } = true;

    /// <summary>Whether the API server has no such object. A proxy that has lost the server may answer with the same status, and knows nothing.</summary>
    public bool IsMissing => Status == HttpStatusCode.NotFound && IsOfServer;

    public override TimeSpan? RetryAfter => retryAfter;
}
