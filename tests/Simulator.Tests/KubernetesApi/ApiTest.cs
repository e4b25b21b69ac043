using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.Kubernetes.Api;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests.KubernetesApi;

/// <summary>An API server in front of a store without controllers, and a client.</summary>
public abstract class ApiTest : IAsyncLifetime
{
    protected const string Pods = "api/v1/namespaces/default/pods";
    protected const string Leases = "apis/coordination.k8s.io/v1/namespaces/ha/leases";
    protected const string Merge = "application/merge-patch+json";

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };

    protected ObjectStore Store { get; } = new(new EventQueue());

    protected KubernetesServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await KubernetesServer.StartAsync(Store, Options());

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _http.Dispose();
        await Server.DisposeAsync();
    }

    protected virtual KubernetesOptions Options() => new();

    protected static Pod Pod(string name, string? node = null, params (string Key, string Value)[] labels) =>
        new(new("default", name) { Labels = Metadata.Nothing.AddRange(labels.Select(label => KeyValuePair.Create(label.Key, label.Value))) }, new() { NodeName = node });

    /// <summary>Adds objects, and returns the version after that.</summary>
    protected long Add(params KubernetesObject[] items) => Server.Ask(store =>
    {
        Assert.All(items, item => Assert.Equal(WriteResult.Done, store.Create(item)));
        return store.Version;
    });

    protected Task<(int Code, JsonNode Body)> GetAsync(string path, string? accept = null) => SendAsync("GET", path, null, accept: accept);

    protected async Task<(int Code, JsonNode Body)> SendAsync(string method, string path, string? body, string type = "application/json", string? accept = null)
    {
        using var request = new HttpRequestMessage(new(method), new Uri(Server.Url, path));
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        }

        if (accept is not null)
        {
            request.Headers.Accept.ParseAdd(accept);
        }

        using var response = await _http.SendAsync(request);
        Warnings = response.Headers.TryGetValues("Warning", out var warnings) ? [.. warnings] : [];
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    /// <summary>What the last answer warned of.</summary>
    protected IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>Watches; what comes is taken line by line.</summary>
    protected async Task<Watcher> WatchAsync(string path, string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Server.Url, $"{path}{(path.Contains('?') ? '&' : '?')}watch=true"));
        if (accept is not null)
        {
            request.Headers.Accept.ParseAdd(accept);
        }

        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    protected static string Message((int Code, JsonNode Body) answer) => $"{answer.Code} {answer.Body["reason"]}: {answer.Body["message"]}";

    protected static string[] Names(JsonNode list) => [.. list["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!)];

    protected sealed class Watcher(HttpResponseMessage response, StreamReader lines) : IDisposable
    {
        public int Code => (int)response.StatusCode;

        public async Task<JsonNode?> NextAsync() => await lines.ReadLineAsync(Deadline.Soon()) is { } line ? JsonNode.Parse(line) : null;

        /// <summary>The next events, as <c>ADDED a</c>.</summary>
        public async Task<string[]> TakeAsync(int count)
        {
            var taken = new string[count];
            for (var i = 0; i < count; i++)
            {
                var line = (await NextAsync())!;
                taken[i] = $"{line["type"]} {line["object"]!["metadata"]!["name"]}";
            }

            return taken;
        }

        public void Dispose()
        {
            lines.Dispose();
            response.Dispose();
        }
    }
}
