using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>A reflector of an API server whose answers a test writes.</summary>
public abstract class ReflectorFixture : IAsyncDisposable
{
    private static readonly LabelSelector Selector = LabelSelector.Parse("tier in (db, cache),!legacy");
    private CannedKubernetes? _server;

    private protected static WatchedKinds WatchedKinds { get; } = new(new KubernetesTranslation("linstor.csi.linbit.com", Selector), Selector);

    private protected TestTime Time { get; } = new();

    private protected Channel<Observation> Received { get; } = Inbox.Create();

    private protected CannedKubernetes Server => _server!;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    private protected static string List(string version, string? next, params string[] items) =>
        $$$"""{"kind":"List","metadata":{"resourceVersion":"{{{version}}}","continue":"{{{next}}}"},"items":[{{{string.Join(',', items)}}}]}""";

    private protected static string Pod(string name, string version = "2") => $$$"""{"metadata":{"name":"{{{name}}}","namespace":"n","resourceVersion":"{{{version}}}"} }""";

    private protected static string Event(string type, string json) => $$"""{"type":"{{type}}","object":{{json}} }""" + "\n";

    private protected async Task ServeAsync(Func<Call, Task> answer, bool streams = false) => _server = await CannedKubernetes.StartAsync(answer, isOld: !streams);

    private protected Task Follow<TWire, T>(WatchedKind<TWire, T> kind, CancellationToken cancellation = default)
        where TWire : class
        where T : class => Reflector(kind).FollowAsync(cancellation);

    private protected Reflector<TWire, T> Reflector<TWire, T>(WatchedKind<TWire, T> kind)
        where TWire : class
        where T : class => new(Server.Connection.CreateClient(), kind, Received.Writer, Time, NullLogger.Instance);
}
