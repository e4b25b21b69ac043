using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>A LINSTOR controller's REST API and event streams on loopback, in front of a world in real time.</summary>
/// <remarks>Once started it owns the world: access it only through <see cref="Do"/>, <see cref="Ask{T}"/> and <see cref="WhenAsync"/>.</remarks>
public sealed class LinstorServer : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly StorageWorld _world;
    private readonly WorldClock _clock;
    private readonly WorldClock? _ownClock;
    private readonly EventStreams _streams;
    private readonly RestartableListener _restartableListener;
    private readonly LinstorApi _api;
    private bool _refuses;

    private LinstorServer(StorageWorld world, LinstorOptions options)
    {
        _world = world;
        _clock = options.Clock ?? (_ownClock = new(world.EventQueue, options.Time));
        _streams = new(world, Hazards);
        _restartableListener = new(new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance));
        _api = new(world, _clock, Hazards);
        world.LinstorRunningChanged += OpenOrClose;
        _web = Build(options);
    }

    /// <summary>The API's address: <c>http://127.0.0.1:port/</c>, or https in TLS mode. It stays the same across restarts of LINSTOR.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>The listener that only redirects in TLS mode; otherwise the same as <see cref="Url"/>.</summary>
    public Uri PlainUrl { get; private set; } = null!;

    /// <summary>Switches for misbehaviour.</summary>
    public LinstorHazards Hazards { get; } = new();

    /// <summary>How many event streams are open.</summary>
    public int Subscribers => _clock.Ask(() => _streams.Count);

    /// <summary>How many requests hang because a satellite does not answer.</summary>
    public int HangingRequests => _api.Hanging;

    /// <summary>Stops listening: connections are refused and existing ones break. LINSTOR itself goes on, unlike with <see cref="StorageWorld.StopLinstor"/>.</summary>
    public bool RefusesConnections
    {
        get => _refuses;
        set => Do(world =>
        {
            _refuses = value;
            OpenOrClose(world.LinstorRuns);
        });
    }

    /// <summary>Starts a server; it answers when this completes.</summary>
    /// <exception cref="PortInUseException">Another process uses the port.</exception>
    public static async Task<LinstorServer> StartAsync(StorageWorld world, LinstorOptions? options = null, CancellationToken cancellation = default)
    {
        var server = new LinstorServer(world, options ?? new LinstorOptions());
        try
        {
            await server._web.StartAsync(cancellation);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        var ports = server._restartableListener.EndPoints;
        server.PlainUrl = new Uri($"http://127.0.0.1:{ports[0].Port}/");
        server.Url = ports.Count > 1 ? new Uri($"https://127.0.0.1:{ports[1].Port}/") : server.PlainUrl;
        server.Do(world => server.OpenOrClose(world.LinstorRuns));
        return server;
    }

    /// <summary>Changes the world, now.</summary>
    public void Do(Action<StorageWorld> what) => _clock.Do(() => what(_world));

    /// <summary>Reads the world, now.</summary>
    public T Ask<T>(Func<StorageWorld, T> question) => _clock.Ask(() => question(_world));

    /// <summary>Completes as soon as the condition on the world holds.</summary>
    public Task WhenAsync(Func<StorageWorld, bool> condition, CancellationToken cancellation) => _clock.WhenAsync(() => condition(_world), cancellation);

    /// <summary>Ends all event streams without a final chunk. The server keeps listening.</summary>
    public void CutStreams() => Do(_ => _streams.Cut());

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _restartableListener.Close();
        await _web.StopAsync(CancellationToken.None);
        await _web.DisposeAsync();
        _ownClock?.Dispose();
    }

    private void OpenOrClose(bool linstorRuns)
    {
        if (linstorRuns && !_refuses)
        {
            _restartableListener.Open();
        }
        else
        {
            _restartableListener.Close();
        }
    }

    private WebApplication Build(LinstorOptions options)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IConnectionListenerFactory>(_restartableListener);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, options));
        var web = builder.Build();
        var requestChecks = new RequestChecks(options, () => _restartableListener.EndPoints[^1].Port);
        web.Use(next => async context =>
        {
            if (!await requestChecks.AdmitsAsync(context))
            {
                return;
            }

            if (context.GetEndpoint() is null)
            {
                await Reply.ErrorAsync(context, StatusCodes.Status404NotFound, Reply.Code.PathNotFound, $"Path '{context.Request.Path}' not found.");
                return;
            }

            await MisbehaveAsync(context, next, options.Time);
        });
        _api.Map(web);
        new EventsApi(_world, _clock, _streams, Hazards).Map(web);
        return web;
    }

    private async Task MisbehaveAsync(HttpContext context, RequestDelegate answer, TimeProvider time)
    {
        if (context.Request.Path.StartsWithSegments("/v1/events"))
        {
            await answer(context);
            return;
        }

        if (Hazards.AnswerDelay > TimeSpan.Zero)
        {
            await Task.Delay(Hazards.AnswerDelay, time, context.RequestAborted);
        }

        await (Hazards.Garbage ? Reply.TextAsync(context, StatusCodes.Status200OK, "<html>502 Bad Gateway</html>") : answer(context));
    }

    private static void Listen(KestrelServerOptions kestrel, LinstorOptions options)
    {
        kestrel.AddServerHeader = false;

        // A subscriber may be slow without limit; unread data waits for it.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(IPAddress.Loopback, options.Certificate is null ? options.Port : 0, plain => plain.Protocols = HttpProtocols.Http1);
        if (options.Certificate is not { } certificate)
        {
            return;
        }

        kestrel.Listen(IPAddress.Loopback, options.Port, secure =>
        {
            secure.Protocols = HttpProtocols.Http1;
            secure.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = certificate,
                ClientCertificateMode = options.ClientAuthority is null ? ClientCertificateMode.NoCertificate : ClientCertificateMode.RequireCertificate,
                ClientCertificateValidation = (shown, _, _) => IsIssuedBy(options.ClientAuthority, shown),
            });
        });
    }

    private static bool IsIssuedBy(X509Certificate2? authority, X509Certificate2 shown)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.Add(authority!);
        return chain.Build(shown);
    }
}
