using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Surveying;

/// <summary>Reads once what the controller watches: all objects of Kubernetes that concern it, and LINSTOR's reports about every resource behind a PersistentVolume.</summary>
internal sealed class ClusterSurvey : IDisposable
{
    private const int Concurrency = 8;
    private const int MostNames = 50;

    private readonly ConcurrentDictionary<ResourceName, string> _unread = [];
    private readonly ConcurrentDictionary<ResourceName, DrbdOptions> _options = [];
    private readonly ConcurrentQueue<Observation> _reports = [];
    private readonly ConcurrentQueue<string> _failures = [];
    private readonly HttpClient _http;
    private readonly KubernetesTranslation _translation;
    private readonly TimeProvider _provider;
    private readonly ILogger _logger;

    /// <param name="settings">The kubeconfig, the driver and the selector; and those of the policy that will judge the snapshot.</param>
    /// <param name="environment">The environment, with LINSTOR's address.</param>
    /// <param name="provider">Measures deadlines, and is the clock of the snapshot.</param>
    /// <param name="logs">Take what the connections log.</param>
    /// <exception cref="SettingsException">A setting cannot be used.</exception>
    public ClusterSurvey(Settings settings, Func<string, string?> environment, TimeProvider provider, ILoggerFactory logs)
    {
        (_provider, _logger, Cluster) = (provider, logs.CreateLogger<ClusterSurvey>(), ClusterSnapshot.For(settings.Policy));
        Clock = new(provider);
        Connection = new(LinstorSettings.FromEnvironment(environment, provider, logs.CreateLogger<LinstorSettings>()), provider, logs);
        Linstor = new(Connection, Clock);
        _http = KubernetesConnection.OpenForUser(settings.KubeConfig, environment, provider, logs.CreateLogger<KubernetesConnection>()).CreateClient(acts: true); // rehearse-node cordons and evicts
        _translation = new(settings.AttacherName, settings.PodSelector);
        Kubernetes = new(_http, _translation, provider);
        Nodes = new(_http, provider);
        Evictions = new(_http, provider);
    }

    /// <summary>The clock of the snapshot.</summary>
    public MonotonicClock Clock { get; }

    public KubernetesClient Kubernetes { get; }

    public NodeClient Nodes { get; }

    public EvictionClient Evictions { get; }

    public LinstorConnection Connection { get; }

    public LinstorClient Linstor { get; }

    /// <summary>What was read so far.</summary>
    public ClusterSnapshot Cluster { get; private set; }

    /// <summary>What Kubernetes did not list, and why, one sentence each.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>The resources about which LINSTOR gave no usable answer, and why.</summary>
    public IReadOnlyDictionary<ResourceName, string> Unread => _unread;

    /// <summary>DRBD's options by resource.</summary>
    public IReadOnlyDictionary<ResourceName, DrbdOptions> Options => _options;

    /// <summary>The zones of LINSTOR's nodes, as far as Kubernetes has labelled them.</summary>
    public IReadOnlyDictionary<NodeName, string> Zones { get; private set; } = ImmutableDictionary<NodeName, string>.Empty;

    /// <summary>Lists the objects of Kubernetes: every pod, also those that the selector does not match.</summary>
    public async Task ListAsync(CancellationToken cancellation)
    {
        var kinds = new WatchedKinds(_translation, LabelSelector.Parse(""));
        Observation?[] listed = await Task.WhenAll(
            ListAsync(kinds.Pods, cancellation), ListAsync(kinds.Volumes, cancellation), ListAsync(kinds.Attachments, cancellation),
            ListAsync(kinds.Nodes, cancellation), ListAsync(kinds.CsiNodes, cancellation));
        Apply(listed.OfType<Observation>());
        try
        {
            Zones = ZonesOf(await Kubernetes.ZonesAsync(cancellation), Cluster);
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            // Without them, nothing is said about zones.
        }
    }

    /// <summary>Asks LINSTOR about every resource behind a PersistentVolume.</summary>
    public async Task AskAsync(Observation.SatellitesListed satellites, CancellationToken cancellation)
    {
        Apply([satellites]);
        var names = Cluster.Volumes.All.Select(held => held.Item.Resource).OfType<ResourceName>().Distinct().Order();
        await Parallel.ForEachAsync(names.Chunk(MostNames), new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancellation }, async (chunk, token) => await AskAsync(chunk, token));
        Apply(_reports);
    }

    /// <summary>The zones by LINSTOR's names, of which two Kubernetes nodes may register the same.</summary>
    internal static ImmutableDictionary<NodeName, string> ZonesOf(IEnumerable<KeyValuePair<NodeName, string>> zones, ClusterSnapshot cluster) =>
        zones.Where(zone => zone.Value.Length > 0).GroupBy(zone => cluster.LinstorNameOf(zone.Key)).ToImmutableDictionary(zones => zones.Key, zones => zones.First().Value);

    private async Task AskAsync(ResourceName[] names, CancellationToken cancellation)
    {
        try
        {
            var definitions = await Linstor.DefinitionsAsync(names, cancellation);
            await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellation }, async (name, token) =>
            {
                try
                {
                    _reports.Enqueue(new Observation.ResourceReported(definitions.TryGetValue(name, out var read) ? await Linstor.ReportAsync(name, read, token) : await Linstor.ReportAsync(name, token)));
                    if (read.Value is not null)
                    {
                        _options[name] = await Linstor.OptionsAsync(read, token);
                    }
                }
                catch (LinstorException failed)
                {
                    _unread[name] = failed.Message;
                }
            });
        }
        catch (LinstorException failed)
        {
            Array.ForEach(names, name => _unread[name] = failed.Message);
        }
    }

    private async Task<Observation?> ListAsync<TWire, T>(WatchedKind<TWire, T> kind, CancellationToken cancellation)
        where TWire : class
        where T : class
    {
        var inbox = Channel.CreateUnbounded<Observation>();
        using var read = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var following = new Reflector<TWire, T>(_http, kind, inbox.Writer, _provider, _logger).FollowAsync(read.Token);
        var listed = inbox.Reader.ReadAsync(read.Token).AsTask();
        try
        {
            await await Task.WhenAny(following, listed);
            return await listed;
        }
        catch (KubernetesException forbidden) when (kind.Optional && forbidden.Status == HttpStatusCode.Forbidden)
        {
            return new Observation.Listed<T>([]); // the controller does without it, too
        }
        catch (Exception failed) when (failed.IsTransient())
        {
            _failures.Enqueue($"The {kind.Resource} cannot be listed: {failed.Message}");
            return null;
        }
        finally
        {
            await read.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Apply(IEnumerable<Observation> seen) => Cluster = seen.Aggregate(Cluster, (cluster, each) => cluster.Apply(each, Clock.Now));

    public void Dispose()
    {
        _http.Dispose();
        Connection.Dispose();
    }
}
