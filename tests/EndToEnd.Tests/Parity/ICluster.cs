namespace Piraeus.HighAvailability.EndToEnd.Tests.Parity;

/// <summary>What can be done to a cluster of nodes a, b and c, and asked of it: the same for the real control plane and for its model.</summary>
internal interface ICluster : IAsyncDisposable
{
    /// <summary>Lets db-0, the pod of a StatefulSet, run on node a.</summary>
    Task StartAsync();

    /// <summary>Node a loses power.</summary>
    void Crash();

    /// <summary>Puts the taint of a lost quorum on a node.</summary>
    Task TaintAsync(string node);

    /// <summary>Nothing new is to go to the node.</summary>
    Task CordonAsync(string node);

    /// <summary>Takes everything out of node a's volumes in use.</summary>
    Task ReleaseAsync();

    /// <summary>Deletes db-0 as it was at first, or another of that name.</summary>
    Task<DeletionAnswer> DeletePodAsync(bool force, string? uid = null);

    /// <summary>Deletes the attachment of db-0's volume to node a.</summary>
    Task DeleteAttachmentAsync();

    /// <summary>Lets attachments wait, or not any more.</summary>
    void PauseAttacher(bool paused);

    /// <summary>Waits long enough for a pod on a living node to have been replaced.</summary>
    Task LetTimePassAsync();

    /// <summary>Waits until there is another pod db-0, and says on which node; null if it has none and something was said about it.</summary>
    Task<string?> ReplacementAsync();

    /// <summary>The name of the attachment to node a; null if there is none.</summary>
    string? Attachment { get; }

    /// <summary>What the attachment to a node is called in the model.</summary>
    string ExpectedAttachment { get; }

    /// <summary>There is still the pod db-0 that there was at first.</summary>
    bool HasOldPod { get; }

    /// <summary>Waits until the attachment to node a is gone.</summary>
    Task UntilDetachedAsync();

    /// <summary>Waits until db-0's volume is attached to another node, and says how long it took.</summary>
    Task<TimeSpan> AttachedElsewhereAsync();

    /// <summary>What was said about db-0 for this reason, once something was, where VOLUME stands for its volume and a, b, c for the nodes.</summary>
    Task<string> UntilRecordedAsync(string reason);

    /// <summary>Something was said about db-0 for this reason.</summary>
    Task<bool> IsToldAsync(string reason);
}

/// <summary>What came of a deletion.</summary>
internal enum DeletionAnswer
{
    /// <summary>The object is gone.</summary>
    Gone,

    /// <summary>It was accepted, and the object is still there.</summary>
    Pending,

    /// <summary>409.</summary>
    Conflict,
}
