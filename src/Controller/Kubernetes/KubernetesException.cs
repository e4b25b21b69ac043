using System.Net;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>The Kubernetes API answered a request with something other than success.</summary>
internal sealed class KubernetesException(HttpStatusCode status, string message, TimeSpan? retryAfter = null) : RemoteException(message)
{
    /// <summary>The HTTP status, or the code of an <c>ERROR</c> event within a watch.</summary>
    public HttpStatusCode Status => status;

    public override TimeSpan? RetryAfter => retryAfter;
}
