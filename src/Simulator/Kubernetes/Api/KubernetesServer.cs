using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>A Kubernetes API server on loopback, in front of objects in real time.</summary>
/// <remarks>Once started it owns the objects: access them only through <see cref="Do"/>, <see cref="Ask{T}"/> and <see cref="WhenAsync"/>, or the clock in its options.</remarks>
public sealed class KubernetesServer : IAsyncDisposable
{
    /// <summary>The schema that kubectl requests before it sends a patch; kubectl accepts an empty one.</summary>
    private const string OpenApi = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private readonly ObjectStore _store;
    private readonly KubernetesOptions _options;
    private readonly WorldClock _clock;
    private readonly WorldClock? _ownClock;
    private readonly Watches _watches;
    private readonly RestartableListener _restartableListener;
    private readonly X509Certificate2? _certificate;
    private readonly WebApplication _web;

    private KubernetesServer(ObjectStore store, KubernetesOptions options, Func<KubernetesObject, KubernetesObject> present)
    {
        (_store, _options) = (store, options);
        _clock = options.Clock ?? (_ownClock = new(store.EventQueue));
        _watches = new(store);
        _certificate = options.Token is null ? null : SelfSigned.ForLoopback();
        _restartableListener = new(new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance));
        _web = Build(new(store, _clock, new(_clock, options.Began ?? _clock.Epoch), _watches, Hazards, options, present));
    }

    /// <summary>The API's address: <c>http://127.0.0.1:port/</c>, or https if there is a token.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Switches for misbehaviour.</summary>
    public KubernetesHazards Hazards { get; } = new();

    /// <summary>How many watches are open.</summary>
    public int Watchers => _clock.Ask(() => _watches.Count);

    /// <summary>A kubeconfig for this server, as text.</summary>
    public string KubeConfig => KubeConfigText.Of(Url, _options.Token, _certificate);

    /// <summary>Stops listening: connections are refused, and existing ones break. The world goes on.</summary>
    public bool RefusesConnections
    {
        get;
        set
        {
            field = value;
            if (value)
            {
                _restartableListener.Close();
            }
            else
            {
                _restartableListener.Open();
            }
        }
    }

    /// <summary>Starts a server whose objects no component acts upon; it answers when this completes.</summary>
    /// <exception cref="PortInUseException">Another process uses the port.</exception>
    public static Task<KubernetesServer> StartAsync(ObjectStore store, KubernetesOptions? options = null, CancellationToken cancellation = default) =>
        StartAsync(new KubernetesServer(store, options ?? new(), item => item), cancellation);

    /// <summary>Starts a cluster's server, with the cluster's wall clock; it answers when this completes.</summary>
    /// <exception cref="PortInUseException">Another process uses the port.</exception>
    public static Task<KubernetesServer> StartAsync(KubernetesWorld world, KubernetesOptions? options = null, CancellationToken cancellation = default) =>
        StartAsync(new KubernetesServer(world.Store, (options ?? new()) with { Began = world.Began }, item => Present(world, item)), cancellation);

    private static async Task<KubernetesServer> StartAsync(KubernetesServer server, CancellationToken cancellation)
    {
        try
        {
            await server._web.StartAsync(cancellation);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        server.Url = new Uri($"{(server._certificate is null ? "http" : "https")}://127.0.0.1:{server._restartableListener.EndPoints[0].Port}/");
        return server;
    }

    /// <summary>Changes the objects, now.</summary>
    public void Do(Action<ObjectStore> what) => _clock.Do(() => what(_store));

    /// <summary>Reads the objects, now.</summary>
    public T Ask<T>(Func<ObjectStore, T> question) => _clock.Ask(() => question(_store));

    /// <summary>Completes as soon as the condition on the objects holds.</summary>
    public Task WhenAsync(Func<ObjectStore, bool> condition, CancellationToken cancellation) => _clock.WhenAsync(() => condition(_store), cancellation);

    /// <summary>Writes a kubeconfig for this server into a file.</summary>
    public Task WriteKubeConfigAsync(string path, CancellationToken cancellation = default) => File.WriteAllTextAsync(path, KubeConfig, cancellation);

    /// <summary>Breaks the connections of all watches, within a chunk.</summary>
    public void CutWatches() => _clock.Do(_watches.Cut);

    /// <summary>Sends all watches an expiry error (410), and ends them.</summary>
    public void ExpireWatches() => _clock.Do(_watches.Expire);

    /// <summary>Discards the history: open watches go on, new ones must begin with a list (410), and lists cannot be continued.</summary>
    public void Compact() => _clock.Do(_store.Compact);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _clock.Do(_watches.Stop);
        _restartableListener.Close();
        await _web.StopAsync(CancellationToken.None);
        await _web.DisposeAsync();
        _certificate?.Dispose();
        _ownClock?.Dispose();
    }

    /// <summary>Returns an object as readers see it: a kubelet's lease is written only when its renewal stops or begins.</summary>
    private static KubernetesObject Present(KubernetesWorld world, KubernetesObject item) =>
        item is Lease { Metadata.Namespace: "kube-node-lease" } lease && world.LeaseRenewed(lease.Metadata.Name) is { } renewed ? lease with { Renewed = world.ClockAt(renewed) } : item;

    private WebApplication Build(KubernetesApi api)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IConnectionListenerFactory>(_restartableListener);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(Listen);
        var web = builder.Build();
        web.Run(context => AnswerAsync(context, api));
        return web;
    }

    private void Listen(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;

        // A watcher may be slow without limit.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(IPAddress.Loopback, _options.Port, listener =>
        {
            listener.Protocols = _certificate is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
            if (_certificate is not null)
            {
                listener.UseHttps(_certificate);
            }
        });
    }

    private async Task AnswerAsync(HttpContext context, KubernetesApi api)
    {
        try
        {
            if (context.Request.Path.Value is "/healthz" or "/livez" or "/readyz" or "/healthz/ping" or "/livez/ping" or "/readyz/ping")
            {
                await Reply.TextAsync(context, "ok");
                return;
            }

            if (_options.Token is { } token && context.Request.Headers.Authorization.ToString() != $"Bearer {token}")
            {
                throw ApiException.Unauthorized();
            }

            await MisbehaveAsync(context);
            await (context.Request.Path == "/openapi/v2" ? Reply.BytesAsync(context, StatusCodes.Status200OK, [], OpenApi) : api.AnswerAsync(context));
        }
        catch (ApiException refusal)
        {
            await Reply.RefusalAsync(context, refusal);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has disconnected.
        }
    }

    private async Task MisbehaveAsync(HttpContext context)
    {
        if (Hazards.Concerns?.Invoke(context.Request.Method, context.Request.Path.Value!) == false)
        {
            return;
        }

        if (Hazards.AnswerDelay > TimeSpan.Zero)
        {
            await Task.Delay(Hazards.AnswerDelay, _clock.Time, context.RequestAborted);
        }

        if (Hazards.RetryAfterSeconds > 0)
        {
            throw ApiException.TooManyRequests(Hazards.RetryAfterSeconds);
        }

        if (Hazards.Fails)
        {
            throw ApiException.Internal("simulated");
        }
    }
}
