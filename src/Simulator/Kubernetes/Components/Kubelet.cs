namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>The kubelet of a node: starts pods that are bound there, stops deleted ones, and reports volumes in use. Without the API it changes nothing.</summary>
internal sealed class Kubelet
{
    private readonly Dictionary<string, PodWorker> _workers = new(StringComparer.Ordinal);
    private readonly WorkQueue _queue;
    private bool _powered = true;
    private bool _isolated;
    private bool _cutOff;
    private bool _reportPlanned;

    // Counts crashes and cuts, so that a connection scheduled before is void.
    private int _life;

    public Kubelet(KubernetesWorld world, string name, string linstorName)
    {
        (World, Name, LinstorName, Volumes) = (world, name, linstorName, new(world, linstorName));
        Heart = new(world, name);
        _queue = new(world.EventQueue, () => world.Timings.Watch, Sync);
    }

    public KubernetesWorld World { get; }

    public string Name { get; }

    public string LinstorName { get; }

    public VolumeManager Volumes { get; }

    public Heartbeat Heart { get; }

    public IReadOnlyCollection<PodWorker> Workers => _workers.Values;

    /// <summary>The kubelet runs, and its watches are connected.</summary>
    public bool Connected { get; private set; } = true;

    private bool Reaches => _powered && !_isolated && !_cutOff;

    public PodWorker? WorkerOf(string uid) => _workers.GetValueOrDefault(uid);

    public void Handle(Pod pod)
    {
        if (Connected)
        {
            _queue.Add(pod.Key);
        }
    }

    /// <summary>Handles a write to the node; the kubelet's next report corrects what differs from its own state.</summary>
    public void Handle(Node node)
    {
        if (node.Ready != NodeReadiness.True || !Volumes.AreInUse(node.VolumesInUse))
        {
            ReportSoon();
        }
    }

    public void Crash()
    {
        _powered = false;
        _workers.Clear();
        Volumes.Clear();
        Disconnect();
    }

    public void PowerOn()
    {
        if (!_powered)
        {
            _powered = true;
            ConnectAfter(World.Timings.KubeletStart);
        }
    }

    public void Isolate(bool isolated)
    {
        _isolated = isolated;
        Reconsider();
    }

    public void CutOff(bool cutOff)
    {
        _cutOff = cutOff;
        Reconsider();
    }

    /// <summary>Reports the volumes in use with the next regular report of the node's status.</summary>
    public void ReportSoon()
    {
        if (!_reportPlanned && Connected)
        {
            _reportPlanned = true;
            World.EventQueue.At(Heart.NextReport(), Report);
        }
    }

    public void Forget(PodWorker worker) => _workers.Remove(worker.Pod.Metadata.Uid);

    private void Reconsider()
    {
        if (!Reaches)
        {
            Disconnect();
        }
        else if (!Connected)
        {
            ConnectAfter(World.Timings.KubeletReconnect);
        }
    }

    private void Disconnect()
    {
        _life++;
        if (Connected)
        {
            Connected = false;
            Heart.Stop();
        }
    }

    private void ConnectAfter(TimeSpan delay)
    {
        var life = ++_life;
        World.EventQueue.After(delay, () =>
        {
            if (life == _life && Reaches)
            {
                Connect();
            }
        });
    }

    private void Connect()
    {
        Connected = true;
        Heart.Start();
        Write();
        foreach (var worker in _workers.Values)
        {
            _queue.Add(worker.Pod.Key);
        }

        foreach (var pod in World.Store.Each<Pod>())
        {
            if (pod.Spec.NodeName == Name)
            {
                _queue.Add(pod.Key);
            }
        }
    }

    private void Report()
    {
        _reportPlanned = false;
        if (Connected)
        {
            Write();
        }
    }

    private void Write()
    {
        if (World.Store.Find<Node>(Name) is not { } node)
        {
            return;
        }

        var ready = node.Ready == NodeReadiness.True;
        _ = World.Store.Update(node with
        {
            Ready = NodeReadiness.True,
            ReadySince = ready ? node.ReadySince : World.EventQueue.Now,
            VolumesInUse = Volumes.AreInUse(node.VolumesInUse) ? node.VolumesInUse : Volumes.InUse(),
        });
        Volumes.MarkReported();
    }

    private void Sync(string key)
    {
        if (!Connected)
        {
            return;
        }

        var pod = World.Store.FindByKey<Pod>(key);
        pod = pod?.Spec.NodeName == Name ? pod : null;
        foreach (var worker in _workers.Values.Where(worker => worker.Pod.Key == key).ToList())
        {
            if (pod is null or { IsOver: true } || !worker.Pod.Is(pod))
            {
                worker.Stop(isForgotten: true);
            }
        }

        if (pod is null || pod.IsOver)
        {
            return;
        }

        if (!_workers.TryGetValue(pod.Metadata.Uid, out var own))
        {
            if (pod.Metadata.Deleting is not null)
            {
                // Nothing of the pod runs here, or no longer does.
                _ = World.Store.Delete<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid, atOnce: true);
                return;
            }

            _workers[pod.Metadata.Uid] = own = new(this, pod);
            own.Begin();
        }
        else if (pod.Metadata.Deleting is not null)
        {
            own.Stop(isForgotten: false);
        }
        else
        {
            own.PostStatus();
        }
    }
}
