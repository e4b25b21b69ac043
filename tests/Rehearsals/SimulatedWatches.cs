using Piraeus.HighAvailability.Core;
using Model = Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>A process's watches: each lists, then delivers changes late but in order. A broken watch is noticed late and lists anew.</summary>
internal sealed class SimulatedWatches
{
    private static readonly Source[] Sources = [Source.Pods, Source.Volumes, Source.Attachments, Source.Nodes, Source.CsiNodes];

    private readonly SimulatedController _owner;
    private readonly SimulatedCluster _cluster;
    private readonly Watch[] _watches = [.. Sources.Select(_ => new Watch())];

    public SimulatedWatches(SimulatedController owner, SimulatedCluster cluster)
    {
        (_owner, _cluster) = (owner, cluster);
        cluster.Store.Changed += Handle;
    }

    public void Begin()
    {
        foreach (var source in Sources)
        {
            Of(source).Generation++;
            Of(source).Follows = false;
            List(source);
        }
    }

    /// <summary>The API server is unreachable: the process misses changes from now on, and notices after a while.</summary>
    public void Lose()
    {
        foreach (var source in Sources)
        {
            var watch = Of(source);
            (watch.Follows, watch.Generation) = (false, watch.Generation + 1);
            Notice(source, _owner.Noise.UpTo(TimeSpan.FromSeconds(20)));
        }
    }

    /// <summary>The API server is reachable again: a new list delivers the missed changes.</summary>
    public void Regain()
    {
        foreach (var source in Sources)
        {
            Of(source).Generation++;
            List(source);
        }
    }

    /// <summary>The watches end, and the process notices at once.</summary>
    public void Break()
    {
        foreach (var source in Sources)
        {
            var watch = Of(source);
            (watch.Follows, watch.Generation) = (false, watch.Generation + 1);
            Notice(source, TimeSpan.Zero);
            var generation = watch.Generation;
            _owner.Later(_owner.Noise.UpTo(TimeSpan.FromSeconds(3)), () => ListUnless(source, generation));
        }
    }

    private Watch Of(Source source) => _watches[Array.IndexOf(Sources, source)];

    private void Notice(Source source, TimeSpan after)
    {
        var generation = Of(source).Generation;
        _owner.Later(after, () =>
        {
            if (generation == Of(source).Generation && !Of(source).Follows)
            {
                _owner.Observe(_owner.Life, new Observation.SourceLost(source));
            }
        });
    }

    private void ListUnless(Source source, int generation)
    {
        if (generation == Of(source).Generation)
        {
            List(source);
        }
    }

    private void List(Source source)
    {
        var watch = Of(source);
        var generation = watch.Generation;
        _owner.Later(_owner.Noise.Delay(), () =>
        {
            if (generation != watch.Generation)
            {
                return;
            }

            if (!_owner.ReachesApi)
            {
                _owner.Later(TimeSpan.FromSeconds(1), () => ListUnless(source, generation));
                return;
            }

            watch.Follows = true;
            Deliver(watch, Listed(source));
        });
    }

    private Observation Listed(Source source) => source switch
    {
        Source.Pods => new Observation.Listed<Pod>([.. _cluster.Store.All<Model.Pod>().Where(CoreMapping.HasOptedIn).Select(CoreMapping.Pod)]),
        Source.Volumes => new Observation.Listed<Volume>([.. _cluster.Store.All<Model.PersistentVolume>().Select(CoreMapping.Volume)]),
        Source.Attachments => new Observation.Listed<Attachment>([.. _cluster.Store.All<Model.VolumeAttachment>().Where(IsOurs).Select(CoreMapping.Attachment)]),
        Source.Nodes => new Observation.Listed<ClusterNode>([.. _cluster.Store.All<Model.Node>().Select(CoreMapping.Node)]),
        Source.CsiNodes => new Observation.Listed<CsiNode>([.. _cluster.Store.All<Model.CsiNode>().Select(CoreMapping.CsiNode)]),
        _ => throw new ArgumentOutOfRangeException(nameof(source)),
    };

    private void Handle(Model.Change change)
    {
        switch (change.Item)
        {
            case Model.Pod pod:
                // The watch selects by label, so it reports a pod that loses the label as deleted.
                Deliver(Source.Pods, CoreMapping.Pod(pod), change.Type == Model.ChangeType.Deleted || !CoreMapping.HasOptedIn(pod), CoreMapping.HasOptedIn(pod) || change.Type == Model.ChangeType.Modified);
                break;
            case Model.PersistentVolume volume:
                Deliver(Source.Volumes, CoreMapping.Volume(volume), change.Type == Model.ChangeType.Deleted);
                break;
            case Model.VolumeAttachment attachment when IsOurs(attachment):
                Deliver(Source.Attachments, CoreMapping.Attachment(attachment), change.Type == Model.ChangeType.Deleted);
                break;
            case Model.Node node:
                Deliver(Source.Nodes, CoreMapping.Node(node), change.Type == Model.ChangeType.Deleted);
                break;
            case Model.CsiNode node when change.Type != Model.ChangeType.Deleted:
                Deliver(Source.CsiNodes, CoreMapping.CsiNode(node), isGone: false);
                break;
        }
    }

    private static bool IsOurs(Model.VolumeAttachment attachment) => attachment.Attacher == ScenarioSetup.Driver;

    private void Deliver<T>(Source source, T item, bool isGone, bool isTold = true)
    {
        if (Of(source) is { Follows: true } watch && isTold)
        {
            Deliver(watch, isGone ? new Observation.Deleted<T>(item) : new Observation.Updated<T>(item));
        }
    }

    private void Deliver(Watch watch, Observation seen)
    {
        var at = _cluster.EventQueue.Now + _owner.Noise.Delay();
        watch.LastTold = at > watch.LastTold ? at : watch.LastTold;
        var (life, generation) = (_owner.Life, watch.Generation);
        _cluster.EventQueue.At(watch.LastTold, () =>
        {
            if (generation == watch.Generation)
            {
                _owner.Observe(life, seen);
                if (_owner.Noise.OnceIn(50) && seen is not Observation.SourceLost)
                {
                    _owner.Observe(life, seen); // delivered twice
                }
            }
        });
    }

    private sealed class Watch
    {
        public bool Follows { get; set; }

        public int Generation { get; set; }

        public TimeSpan LastTold { get; set; }
    }
}
