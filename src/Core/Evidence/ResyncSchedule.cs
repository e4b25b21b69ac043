namespace Piraeus.HighAvailability.Core;

/// <summary>Decides when to query LINSTOR for changes that its event stream may have missed, about which resources, and when LINSTOR counts as silent.</summary>
/// <remarks>
/// A round reads the list of satellites and then a slice of the resources in use, and as many of those whose consumer's satellite is not online: all of
/// them within <see cref="Slices"/> rounds, and at least <see cref="SmallestSlice"/> a round, so that a small cluster is read whole in every round and a
/// large one costs LINSTOR a few requests a second.
/// <para>
/// It has no clock and sends nothing. The caller begins a round at <see cref="NextRoundAt"/>, reads the satellites, and reports
/// <see cref="SatellitesRead"/> or <see cref="SatellitesFailed"/>; after the former it takes the <see cref="NextSlice"/>, and reports
/// <see cref="Answered"/> or <see cref="Failed"/> for each resource of it, at any time. Not thread-safe.
/// </para>
/// </remarks>
/// <param name="interval">The time between two rounds while LINSTOR answers.</param>
/// <param name="start">When the first round begins.</param>
public sealed class ResyncSchedule(TimeSpan interval, Instant start)
{
    /// <summary>Within how many rounds every resource in use is read.</summary>
    public const int Slices = 60;

    /// <summary>The smallest number of resources that a round reads, if there are as many.</summary>
    public const int SmallestSlice = 20;

    /// <summary>The first pause after the satellites could not be read, and the shortest time between two rounds that a failed request brings forward.</summary>
    public static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest time for which a resource whose requests fail is skipped.</summary>
    public static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(5);

    /// <summary>A pause that is longer than any ordinary one, however short the interval is.</summary>
    private readonly TimeSpan _suspended = 3 * interval > TimeSpan.FromSeconds(5) ? 3 * interval : TimeSpan.FromSeconds(5);

    private readonly ResyncBackOff _backOff = new(interval);
    private readonly Dictionary<ResourceName, Instant> _pending = []; // and when each was handed out

    // Reused for every slice, to save allocations.
    private readonly HashSet<ResourceName> _inUse = [];
    private readonly HashSet<ResourceName> _doubtful = [];

    private ResourceName _last;
    private ResourceName _lastDoubtful;
    private Instant _begunAt = start;
    private Instant _readAt = start;
    private TimeSpan _retry = FirstRetry;
    private bool _isReading;
    private bool _isNudged;
    private bool _streamSpoke;
    private bool _streamEnded;

    /// <summary>When the next round begins. Not valid while the satellites are being read.</summary>
    public Instant NextRoundAt { get; private set; } = start;

    /// <summary>Whether LINSTOR counts as silent: it did not answer the latest request for its satellites, which it answers from memory.</summary>
    public bool IsSilent { get; private set; }

    /// <summary>
    /// Whether the event stream that was open before the newest list of satellites has stayed open since. If so, LINSTOR still runs, and the stream has reported every satellite that it lost.
    /// </summary>
    public bool IsStreamIntact => _streamSpoke && !_streamEnded;

    /// <summary>The event stream has delivered an event, so it is open.</summary>
    public void StreamSpoke() => _streamSpoke = true;

    /// <summary>Brings the next round forward: the event stream has ended, so LINSTOR may be gone, or its state may have changed unseen.</summary>
    /// <remarks>While LINSTOR is silent, the retries keep their back-off, and an extra round follows the first answer.</remarks>
    public void Nudge(Instant now)
    {
        (_streamSpoke, _streamEnded) = (false, true);
        if (_isReading || IsSilent)
        {
            _isNudged = true;
        }
        else if (now < NextRoundAt)
        {
            NextRoundAt = now;
        }
    }

    /// <summary>A round begins: the satellites are being read.</summary>
    /// <returns>
    /// Whether to report LINSTOR as lost first: either it was not read for too long, for example because the process or the machine was suspended, or its event stream has ended since it fell silent,
    /// which makes this a silence even if LINSTOR answers now.
    /// </returns>
    public bool BeginRound(Instant now)
    {
        (_begunAt, _isReading) = (now, true);
        return now - _readAt > _suspended || (IsSilent && _streamEnded);
    }

    /// <summary>LINSTOR answered with its satellites.</summary>
    /// <returns>Whether it was silent before.</returns>
    public bool SatellitesRead(Instant now)
    {
        var wasSilent = IsSilent;
        NextRoundAt = _isNudged ? now : now + interval;
        _streamEnded = _isNudged;
        (_readAt, _retry, _isReading, _isNudged, IsSilent) = (now, FirstRetry, false, false, false);
        return wasSilent;
    }

    /// <summary>LINSTOR did not answer with its satellites. The request is retried with back-off, at least once an interval.</summary>
    /// <returns>Whether it answered before.</returns>
    public bool SatellitesFailed(Instant now)
    {
        var answered = !IsSilent;
        NextRoundAt = now + _retry;
        _retry = 2 * _retry < interval ? 2 * _retry : _retry > interval ? _retry : interval;
        (_isReading, IsSilent) = (false, true);
        _backOff.Clear(); // these requests failed because LINSTOR was away
        return answered;
    }

    /// <summary>The resources that this round asks about. A resource stays pending until it is <see cref="Answered"/> or <see cref="Failed"/>.</summary>
    /// <returns>None while a whole slice is still pending, so that a slow LINSTOR is not queried faster than it answers.</returns>
    public IReadOnlyList<ResourceName> NextSlice(ClusterSnapshot cluster, Instant now)
    {
        Collect(cluster);
        _backOff.Keep(_inUse);
        var size = Math.Max(SmallestSlice, (_inUse.Count + Slices - 1) / Slices);
        if (_pending.Count >= size)
        {
            return [];
        }

        List<ResourceName> slice = [.. Slice(_doubtful, ref _lastDoubtful, size, now).Union(Slice(_inUse, ref _last, size, now))];
        slice.ForEach(resource => _pending[resource] = now);
        return slice;
    }

    /// <summary>LINSTOR answered about a resource.</summary>
    public void Answered(ResourceName resource)
    {
        _pending.Remove(resource);
        _backOff.Remove(resource);
    }

    /// <summary>LINSTOR gave no usable answer about a resource. Each further failure in a row skips the resource for longer.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="now">When the request failed.</param>
    /// <param name="isNetwork">Whether the network failed or the request timed out. Then the next list of satellites shows whether LINSTOR is silent, or only this request failed.</param>
    /// <returns>How often that has happened in a row.</returns>
    public int Failed(ResourceName resource, Instant now, bool isNetwork)
    {
        if (_pending.Remove(resource, out var asked) && isNetwork && asked >= _begunAt && !IsSilent)
        {
            NextRoundAt = Instant.Earlier(NextRoundAt, Instant.Later(now, _begunAt + FirstRetry))!.Value;
        }

        return _backOff.Add(resource, now);
    }

    private void Collect(ClusterSnapshot cluster)
    {
        _inUse.Clear();
        _doubtful.Clear();
        foreach (var held in cluster.Attachments.All)
        {
            if (cluster.Volumes.Find(held.Item.Volume)?.Item.Resource is { } resource)
            {
                _inUse.Add(resource);
                if (cluster.Satellites?.GetValueOrDefault(cluster.LinstorNameOf(held.Item.Node))?.State is not SatelliteState.Online)
                {
                    _doubtful.Add(resource);
                }
            }
        }
    }

    /// <summary>The resources that are next in turn, by name; after the last one comes the first.</summary>
    private List<ResourceName> Slice(HashSet<ResourceName> resources, ref ResourceName last, int size, Instant now)
    {
        if (resources.Count == 0)
        {
            return [];
        }

        // Ordering and then taking the first few sorts no more than those.
        var after = last;
        var due = resources.Where(name => !_pending.ContainsKey(name) && !_backOff.Holds(name, now));
        var slice = due.Where(name => name.CompareTo(after) > 0).Order().Take(size).ToList();
        if (slice.Count < size)
        {
            slice.AddRange(due.Where(name => name.CompareTo(after) <= 0).Order().Take(size - slice.Count));
        }

        last = slice.Count > 0 ? slice[^1] : last;
        return slice;
    }
}
