using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Demo;

/// <summary>The page's web server, on loopback: its files, a stream of views, and the buttons.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(200);

    private readonly WebApplication _web;
    private readonly CancellationToken _stopping;
    private volatile DemoSession? _demoSession;

    private PageServer(int port, CancellationToken stopping)
    {
        _stopping = stopping;
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1));
        _web = builder.Build();
        _web.Use(next => context => IsOurs(context.Request) ? next(context) : RefuseAsync(context));
        _web.UseRouting();
        MapFile("/", "index.html", "text/html; charset=utf-8");
        MapFile("/demo.css", "demo.css", "text/css; charset=utf-8");
        foreach (var script in (ReadOnlySpan<string>)["dom.js", "cluster.js", "timeline.js", "panels.js", "demo.js"])
        {
            MapFile($"/{script}", script, "text/javascript; charset=utf-8");
        }

        _web.MapGet("/events", FollowAsync);
        _web.MapPost("/do/{action}", ActAsync);
    }

    /// <summary>Its address.</summary>
    public Uri Url => new(_web.Urls.Single());

    /// <exception cref="SettingsException">The port is not available.</exception>
    public static async Task<PageServer> OpenAsync(int port, CancellationToken stopping)
    {
        var page = new PageServer(port, stopping);
        try
        {
            await page._web.StartAsync(CancellationToken.None);
            return page;
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            await page._web.DisposeAsync();
            throw new SettingsException($"cannot show the page on port {port}: {refused.GetBaseException().Message}");
        }
    }

    public void Show(DemoSession demoSession) => _demoSession = demoSession;

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    /// <summary>Prevents other sites from pressing the buttons, and from reading the page through a DNS name of their own for our address.</summary>
    private static bool IsOurs(HttpRequest request) =>
        request.Host.Host is "127.0.0.1" or "localhost"
        && (HttpMethods.IsGet(request.Method) || request.Headers.Origin.Count == 0 || request.Headers.Origin.ToString() == $"http://{request.Host}");

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync("only this page's own requests are answered\n", context.RequestAborted);
    }

    private void MapFile(string path, string name, string type) => _web.MapGet(path, async context =>
    {
        context.Response.ContentType = type;
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers.ContentSecurityPolicy = "default-src 'self'; img-src data:; frame-ancestors 'none'";
        await using var file = typeof(PageServer).Assembly.GetManifestResourceStream($"demo/{name}")!;
        await file.CopyToAsync(context.Response.Body, context.RequestAborted);
    });

    private async Task FollowAsync(HttpContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            for (double? shown = null; ; await Task.Delay(Frame, ending.Token))
            {
                if (_demoSession?.Current is { } view && view.Elapsed != shown)
                {
                    shown = view.Elapsed;
                    await context.Response.WriteAsync($"data: {JsonSerializer.Serialize(view, DemoJson.Default.DemoView)}\n\n", ending.Token);
                }
            }
        }
        catch (Exception over) when (over is OperationCanceledException or IOException)
        {
            // The viewer has closed the page.
        }
    }

    private Task ActAsync(HttpContext context)
    {
        var problem = _demoSession is null ? "not yet" : _demoSession.Do(context.GetRouteValue("action")!.ToString()!, context.Request.Query["node"].ToString());
        context.Response.StatusCode = problem is null ? StatusCodes.Status204NoContent : StatusCodes.Status400BadRequest;
        return problem is null ? Task.CompletedTask : context.Response.WriteAsync($"{problem}\n", context.RequestAborted);
    }
}
