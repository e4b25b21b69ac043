using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Piraeus.HighAvailability.Tests;

/// <summary>A real server on a free port of loopback, which records its requests and their clients.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestServer(WebApplication app) => _app = app;

    public ConcurrentQueue<Visit> Visits { get; } = new();

    public int Port => new Uri(_app.Urls.Single()).Port;

    /// <summary>The response to every request; by default, status 200 and the request's path.</summary>
    public RequestDelegate Answer { get; set; } = context => context.Response.WriteAsync(context.Request.Path);

    /// <param name="certificate">The server's certificate; null for a server without TLS.</param>
    /// <param name="intermediates">Intermediate certificates that the server sends.</param>
    public static async Task<TestServer> StartAsync(X509Certificate2? certificate, X509Certificate2Collection? intermediates = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var names = new ConcurrentDictionary<string, string?>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                    ClientCertificateValidation = (_, _, _) => true,
                    OnAuthenticate = (_, options) =>
                    {
                        if (intermediates is not null)
                        {
                            options.ServerCertificateSelectionCallback = null; // it cannot return a chain
                            options.ServerCertificateContext = SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
                        }
                    },
                    ServerCertificateSelector = (connection, name) =>
                    {
                        names[connection!.ConnectionId] = name;
                        return certificate;
                    },
                });
            }
        }));
        var app = builder.Build();
        var server = new TestServer(app);
        app.Run(context =>
        {
            server.Visits.Enqueue(new Visit(
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                context.Connection.ClientCertificate?.Subject,
                names.GetValueOrDefault(context.Connection.Id)));
            return server.Answer(context);
        });
        await app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    internal sealed record Visit(IReadOnlyDictionary<string, string> Headers, string? ClientCertificate, string? ServerName)
    {
        public string? Authorization => Headers.GetValueOrDefault("Authorization");
    }
}
