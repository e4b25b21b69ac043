using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Asks LINSTOR at a steady pace what its stream may not have said: the second witness.</summary>
/// <remarks>
/// Each round asks for the satellites, for a slice of the resources in use, and for as many of those whose user's satellite is not online: all of them
/// within <see cref="Slices"/> rounds, and at least <see cref="SmallestSlice"/> a round, so that a small cluster is seen whole in every round and a
/// large one costs LINSTOR a few requests a second.
/// </remarks>
internal sealed partial class Sweep(
    LinstorClient linstor, Func<ClusterSnapshot> cluster, ChannelWriter<Observation> inbox, TimeSpan interval, TimeProvider clock, ILogger<Sweep> logger)
{
    private const int Slices = 60;
    private const int SmallestSlice = 20;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>A pause that is longer than any ordinary one, however short the interval is.</summary>
    private readonly TimeSpan _slept = 3 * interval > TimeSpan.FromSeconds(5) ? 3 * interval : TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _nudge = new(0, 1);

    // Of each round, and kept only for their memory.
    private readonly HashSet<ResourceName> _inUse = [];
    private readonly HashSet<ResourceName> _doubtful = [];

    private ResourceName _last;
    private ResourceName _lastDoubtful;
    private bool _silent;

    /// <summary>Asks now: something suggests that LINSTOR's state has changed, or that it is gone.</summary>
    public void Nudge()
    {
        try
        {
            _nudge.Release();
        }
        catch (SemaphoreFullException)
        {
            // A nudge is pending already.
        }
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        var answeredAt = clock.GetTimestamp();
        for (var delay = FirstDelay; ;)
        {
            if (clock.GetElapsedTime(answeredAt) > _slept)
            {
                // This process slept, or the machine did: nobody asked LINSTOR meanwhile.
                await inbox.WriteAsync(new Observation.Silenced(Source.Linstor), cancellation);
            }

            if (await TryAskAsync(cancellation))
            {
                (answeredAt, delay) = (clock.GetTimestamp(), FirstDelay);
                await RestAsync(cancellation);
            }
            else
            {
                await Task.Delay(delay, clock, cancellation);
                delay = delay * 2 < interval ? delay * 2 : delay > interval ? delay : interval;
            }
        }
    }

    /// <summary>Waits for the interval to pass, or for a nudge.</summary>
    private async Task RestAsync(CancellationToken cancellation)
    {
        using var rested = new CancellationTokenSource(interval, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, rested.Token);
        try
        {
            await _nudge.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Nobody nudged.
        }
    }

    private async Task<bool> TryAskAsync(CancellationToken cancellation)
    {
        try
        {
            await inbox.WriteAsync(await linstor.SatellitesAsync(cancellation), cancellation);
            if (_silent)
            {
                _silent = false;
                Answers();
            }

            var slices = NextSlices();
            var definitions = await DefinitionsAsync(slices, cancellation);
            foreach (var resource in slices)
            {
                await AskAboutAsync(resource, definitions, cancellation);
            }

            return true;
        }
        catch (LinstorException weather)
        {
            if (!_silent)
            {
                _silent = true;
                DoesNotAnswer(weather.Message);
            }

            await inbox.WriteAsync(new Observation.Silenced(Source.Linstor), cancellation);
            return false;
        }
    }

    // One request for many, because of most resources nothing else is to be known; what is missing in the answer is asked for with its resource.
    private async Task<IReadOnlyDictionary<ResourceName, Reading<WireDefinition>>> DefinitionsAsync(List<ResourceName> resources, CancellationToken cancellation)
    {
        try
        {
            return await linstor.DefinitionsAsync(resources, cancellation);
        }
        catch (LinstorException unclear) when (!unclear.IsNetwork)
        {
            OneByOne(unclear.Message);
            return ImmutableDictionary<ResourceName, Reading<WireDefinition>>.Empty;
        }
    }

    private async Task AskAboutAsync(ResourceName resource, IReadOnlyDictionary<ResourceName, Reading<WireDefinition>> definitions, CancellationToken cancellation)
    {
        try
        {
            var report = definitions.TryGetValue(resource, out var read) ? linstor.ReportAsync(resource, read, cancellation) : linstor.ReportAsync(resource, cancellation);
            await inbox.WriteAsync(new Observation.Reported(await report), cancellation);
        }
        catch (LinstorException unclear) when (!unclear.IsNetwork)
        {
            Unclear(resource, unclear.Message); // one answer that makes no sense must not silence all others
        }
    }

    private List<ResourceName> NextSlices()
    {
        var known = cluster();
        _inUse.Clear();
        _doubtful.Clear();
        foreach (var held in known.Attachments.All)
        {
            if (known.Volumes.Find(held.Item.Volume)?.Item.Resource is { } resource)
            {
                _inUse.Add(resource);
                if (known.Satellites?.GetValueOrDefault(known.LinstorNameOf(held.Item.Node))?.State is not SatelliteState.Online)
                {
                    _doubtful.Add(resource);
                }
            }
        }

        var size = Math.Max(SmallestSlice, (_inUse.Count + Slices - 1) / Slices);
        return [.. Slice(_doubtful, ref _lastDoubtful, size).Union(Slice(_inUse, ref _last, size))];
    }

    /// <summary>The resources that are next in turn, by name; after the last one comes the first.</summary>
    private static List<ResourceName> Slice(HashSet<ResourceName> resources, ref ResourceName last, int size)
    {
        // To take the first few in order sorts no more than those.
        var after = last;
        var slice = resources.Where(name => name.CompareTo(after) > 0).Order().Take(size).ToList();
        if (slice.Count < size)
        {
            slice.AddRange(resources.Where(name => name.CompareTo(after) <= 0).Order().Take(size - slice.Count));
        }

        last = slice.LastOrDefault();
        return slice;
    }

    [LoggerMessage(320, LogLevel.Warning, "LINSTOR does not answer; nothing is decided until it does. {Reason}")]
    private partial void DoesNotAnswer(string reason);

    [LoggerMessage(322, LogLevel.Warning, "LINSTOR's answer about resource {Resource} is of no use: {Reason}")]
    private partial void Unclear(ResourceName resource, string reason);

    [LoggerMessage(323, LogLevel.Debug, "LINSTOR's answer about several resource definitions is of no use; they are asked for one by one: {Reason}")]
    private partial void OneByOne(string reason);

    [LoggerMessage(321, LogLevel.Information, "LINSTOR answers.")]
    private partial void Answers();
}
