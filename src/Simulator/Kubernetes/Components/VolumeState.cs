namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>What the attach-detach controller is doing about a volume on a node.</summary>
internal enum AttachDetachOperation
{
    None,
    Attach,
    Detach,
}

/// <summary>What the attach-detach controller knows about one volume: its desired and its actual state of the world.</summary>
internal sealed class VolumeState(PersistentVolume volume)
{
    public PersistentVolume Volume => volume;

    public List<VolumeOnNode> Nodes { get; } = [];

    public bool IsBusy => Nodes.Exists(on => on.Operation != AttachDetachOperation.None);

    /// <summary>What failed last, if anything did since something succeeded.</summary>
    public AttachDetachOperation Failed { get; set; }

    public int Failures { get; set; }

    public TimeSpan NotBefore { get; set; }

    public VolumeOnNode On(string node)
    {
        var found = Nodes.Find(on => on.Node == node);
        if (found is null)
        {
            Nodes.Add(found = new(node));
        }

        return found;
    }
}

/// <summary>One volume on one node, as the attach-detach controller believes it to be.</summary>
internal sealed class VolumeOnNode(string node)
{
    public string Node => node;

    /// <summary>Desired: the pods that want it there.</summary>
    public List<Pod> Pods { get; } = [];

    /// <summary>Desired: somebody was told that another node has it.</summary>
    public bool MultiAttachErrorReported { get; set; }

    /// <summary>Actual: it is attached, or may be because attaching did not end well.</summary>
    public bool IsKnown { get; set; }

    /// <summary>Actual: attaching ended well.</summary>
    public bool Confirmed { get; set; }

    /// <summary>Actual: the node's status names it as in use. Assumed until the node says otherwise.</summary>
    public bool MountedByNode { get; set; }

    /// <summary>Actual: the node is told that it may mount it.</summary>
    public bool ReportedAsAttached { get; set; }

    public TimeSpan? DetachRequested { get; set; }

    public AttachDetachOperation Operation { get; set; }

    public TimeSpan OperationBegan { get; set; }

    public void MarkAttached(bool confirmed)
    {
        MountedByNode = IsKnown ? MountedByNode : true;
        (IsKnown, Confirmed, ReportedAsAttached, DetachRequested) = (true, confirmed, confirmed, null);
    }

    public void MarkDetached() => (IsKnown, Confirmed, MountedByNode, ReportedAsAttached, DetachRequested) = (false, false, false, false, null);
}
