namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>Answers as <see cref="SocketsHttpHandler"/> does when no connection is made within its ConnectTimeout.</summary>
internal sealed class UnreachableServer : HttpMessageHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new TaskCanceledException("", new TimeoutException("A connection could not be established within the configured ConnectTimeout."));
}
