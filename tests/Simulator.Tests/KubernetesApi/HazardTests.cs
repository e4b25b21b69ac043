using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.Kubernetes.Api;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Tests.KubernetesApi;

public sealed class HazardTests : ApiTest
{
    [Fact]
    public async Task Refusals_are_those_of_an_API_server_and_can_be_for_some_requests_alone()
    {
        Server.Hazards.RetryAfterSeconds = 3;
        var refused = await GetAsync(Pods);
        Assert.Equal(("429 TooManyRequests: Too many requests, please try again later.", 3), (Message(refused), (int)refused.Body["details"]!["retryAfterSeconds"]!));
        (Server.Hazards.RetryAfterSeconds, Server.Hazards.Fails) = (0, true);
        Assert.StartsWith("500 InternalError", Message(await GetAsync(Pods)), StringComparison.Ordinal);
        Server.Hazards.Concerns = (method, path) => method == "DELETE";
        Assert.Equal(200, (await GetAsync(Pods)).Code);
    }

    [Fact]
    public async Task No_client_connects_while_connections_are_refused_and_every_client_does_afterwards()
    {
        Server.RefusesConnections = true;
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(Pods));
        Server.RefusesConnections = false;
        for (var deadline = Deadline.Soon(); !await IsOpenAsync(); deadline.ThrowIfCancellationRequested())
        {
            await Task.Yield();
        }
    }

    private async Task<bool> IsOpenAsync()
    {
        try
        {
            return (await GetAsync(Pods)).Code == 200;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    [Fact]
    public async Task A_port_that_is_in_use_is_reported_in_one_line()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var problem = await Assert.ThrowsAsync<PortInUseException>(() => KubernetesServer.StartAsync(Store, new KubernetesOptions { Port = port }));
        Assert.Equal($"port {port} on 127.0.0.1 is in use by another process", problem.Message);
    }

    [Fact]
    public async Task Where_a_token_is_asked_for_its_kubeconfig_opens_the_door()
    {
        await using var server = await KubernetesServer.StartAsync(Store, new KubernetesOptions { Token = "s3cret" });
        using var folder = new TemporaryFolder();
        await server.WriteKubeConfigAsync(folder["config"]);
        var connection = KubernetesConnection.Open(folder["config"], _ => null, TimeProvider.System, NullLogger.Instance);
        using var authenticated = connection.CreateClient();
        Assert.Equal(HttpStatusCode.OK, (await authenticated.GetAsync(new Uri("api", UriKind.Relative))).StatusCode);
        using var anonymous = new KubernetesConnection(connection.Server, "default") { Tls = connection.Tls }.CreateClient();
        Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.GetAsync(new Uri("api", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Two_servers_of_one_world_share_its_clock()
    {
        var storage = new StorageWorld();
        var cluster = new KubernetesWorld(storage, KubernetesTimings.Quick);
        cluster.AddNodes("a", "b", "c");
        using var clock = new WorldClock(storage.EventQueue);
        await using var linstor = await LinstorServer.StartAsync(storage, new LinstorOptions { Clock = clock });
        await using var server = await KubernetesServer.StartAsync(cluster, new KubernetesOptions { Clock = clock });
        server.Do(_ => cluster.AddStatefulSet("db"));
        await server.WhenAsync(store => store.Find<Pod>("default", "db-0") is { Ready: true }, Deadline.Soon());
        Assert.Contains(linstor.Ask(world => world.Definitions), definition => definition.Name == "pvc-data-db-0");
    }
}
