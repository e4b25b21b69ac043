namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>The attach-detach controller's running operation on a volume on a node.</summary>
internal enum AttachDetachOperation
{
    None,
    Attach,
    Detach,
}

/// <summary>The attach-detach controller's knowledge of one volume: its desired and its actual state of the world.</summary>
internal sealed class VolumeState(PersistentVolume volume)
{
    public PersistentVolume Volume => volume;

    public List<VolumeOnNode> Nodes { get; } = [];

    public bool IsBusy => Nodes.Exists(on => on.Operation != AttachDetachOperation.None);

    /// <summary>The last failed operation; <see cref="AttachDetachOperation.None"/> if one has succeeded since.</summary>
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

    /// <summary>Desired: an Event has reported that another node has it.</summary>
    public bool MultiAttachErrorReported { get; set; }

    /// <summary>Actual: it is attached, or may be because attaching has failed.</summary>
    public bool IsKnown { get; set; }

    /// <summary>Actual: attaching has succeeded.</summary>
    public bool Confirmed { get; set; }

    /// <summary>Actual: the node's status lists it as in use. Assumed until the node reports otherwise.</summary>
    public bool MountedByNode { get; set; }

    /// <summary>Actual: the node's status reports that the node may mount it.</summary>
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
