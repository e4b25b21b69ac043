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
            await inbox.WriteAsync(new Observation.SatellitesListed(await linstor.SatellitesAsync(cancellation)), cancellation);
            if (_silent)
            {
                _silent = false;
                Answers();
            }

            foreach (var resource in NextSlices())
            {
                await AskAboutAsync(resource, cancellation);
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

    private async Task AskAboutAsync(ResourceName resource, CancellationToken cancellation)
    {
        try
        {
            await inbox.WriteAsync(new Observation.Reported(await linstor.ReportAsync(resource, cancellation)), cancellation);
        }
        catch (LinstorException unclear) when (!unclear.IsNetwork)
        {
            Unclear(resource, unclear.Message); // one answer that makes no sense must not silence all others
        }
    }

    private List<ResourceName> NextSlices()
    {
        var known = cluster();
        var inUse = known.Attachments.All
            .Select(held => (Resource: known.Volumes.Find(held.Item.Volume)?.Item.Resource, IsOnline: known.Satellites?.GetValueOrDefault(known.LinstorNameOf(held.Item.Node))?.State is SatelliteState.Online))
            .Where(use => use.Resource is not null).ToList();
        var size = Math.Max(SmallestSlice, (inUse.Count + Slices - 1) / Slices);
        var doubtful = Slice(inUse.Where(use => !use.IsOnline).Select(use => use.Resource!.Value), ref _lastDoubtful, size);
        return [.. doubtful.Union(Slice(inUse.Select(use => use.Resource!.Value), ref _last, size))];
    }

    /// <summary>The resources that are next in turn, by name; after the last one comes the first.</summary>
    private static List<ResourceName> Slice(IEnumerable<ResourceName> resources, ref ResourceName last, int size)
    {
        var (all, after) = (resources.Distinct().Order().ToList(), last);
        var slice = all.Where(name => name.CompareTo(after) > 0).Concat(all).Distinct().Take(size).ToList();
        last = slice.LastOrDefault();
        return slice;
    }

    [LoggerMessage(320, LogLevel.Warning, "LINSTOR does not answer; nothing is decided until it does. {Reason}")]
    private partial void DoesNotAnswer(string reason);

    [LoggerMessage(322, LogLevel.Warning, "LINSTOR's answer about resource {Resource} is of no use: {Reason}")]
    private partial void Unclear(ResourceName resource, string reason);

    [LoggerMessage(321, LogLevel.Information, "LINSTOR answers.")]
    private partial void Answers();
}
