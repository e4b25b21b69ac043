using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Kubernetes;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>One request that arrived, and the way to answer it.</summary>
internal sealed class Call(HttpContext context, string body)
{
    private readonly Dictionary<string, Microsoft.Extensions.Primitives.StringValues> _query = QueryHelpers.ParseQuery(context.Request.QueryString.Value);

    public string Method { get; } = context.Request.Method;

    public string Path { get; } = context.Request.Path.Value!;

    public string Body => body;

    public long? ContentLength { get; } = context.Request.ContentLength;

    public string Accept { get; } = context.Request.Headers.Accept.ToString();

    public string? ContentType { get; } = context.Request.ContentType;

    /// <summary>One parameter of the query, as the API server would read it; null if absent.</summary>
    public string? this[string parameter] => _query.TryGetValue(parameter, out var value) ? value.ToString() : null;

    public bool IsWatch => this["watch"] is not null;

    /// <summary>Whether the watch is to begin with all objects.</summary>
    public bool IsStreamedList => this["sendInitialEvents"] is "true";

    public CancellationToken HungUp { get; } = context.RequestAborted;

    public async Task AnswerAsync(string json, int status = 200, int? retryAfter = null)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        if (retryAfter is { } seconds)
        {
            context.Response.Headers.RetryAfter = $"{seconds}";
        }

        await context.Response.WriteAsync(json, HungUp);
    }

    public Task RefuseAsync(int status, string message, int? retryAfter = null) =>
        AnswerAsync($$"""{"kind":"Status","apiVersion":"v1","status":"Failure","code":{{status}},"message":{{JsonSerializer.Serialize(message)}}}""", status, retryAfter);

    /// <summary>Sends a part of the answer at once; the first part says the status.</summary>
    public async Task SendAsync(string text, int status = 200)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.StatusCode = status;
        }

        await context.Response.WriteAsync(text, HungUp);
        await context.Response.Body.FlushAsync(HungUp);
    }

    /// <summary>Says nothing more until the client hangs up.</summary>
    public Task HangAsync()
    {
        var gone = new TaskCompletionSource();
        HungUp.Register(gone.SetResult);
        return gone.Task;
    }

    public Task BreakAsync()
    {
        context.Abort();
        return Task.CompletedTask;
    }
}

/// <summary>A Kubernetes API on loopback that says what a test tells it to.</summary>
internal sealed class CannedKubernetes : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Channel<Call> _arrivals = Channel.CreateUnbounded<Call>();

    private CannedKubernetes(WebApplication app) => _app = app;

    /// <summary>Everything that was asked, in order.</summary>
    public ConcurrentQueue<Call> Calls { get; } = [];

    public Uri Url => new(_app.Urls.Single());

    public KubernetesConnection Connection => new(Url, "default");

    /// <param name="answer">Answers each request.</param>
    /// <param name="isOld">Whether it refuses to stream lists, as servers did before Kubernetes 1.34; no test sees these requests.</param>
    public static async Task<CannedKubernetes> StartAsync(Func<Call, Task> answer, bool isOld = false)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(1)); // watches never end by themselves
        builder.Logging.ClearProviders();
        var server = new CannedKubernetes(builder.Build());
        server._app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync(context.RequestAborted);
            var call = new Call(context, body);
            if (isOld && call.IsStreamedList)
            {
                await call.RefuseAsync(422, "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
                return;
            }

            server.Calls.Enqueue(call);
            server._arrivals.Writer.TryWrite(call);
            try
            {
                await answer(call);
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
                // The client hung up, or the test is over.
            }
        });
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The next request that no caller has awaited yet.</summary>
    public async Task<Call> ArrivalAsync() => await _arrivals.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1));

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
