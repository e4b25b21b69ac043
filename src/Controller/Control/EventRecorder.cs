using System.Threading.Channels;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Transport;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Writes Kubernetes Events about actions and holds. No action waits for its Event, or fails with it.</summary>
internal sealed partial class EventRecorder(KubernetesClient kubernetes, LeadershipStatus hold, RateLimiter limit, TimeProvider clock, InternalErrors errors, bool dryRun, ILogger<EventRecorder> logger)
{
    /// <summary>The namespace for Events on objects without a namespace.</summary>
    private const string ClusterNamespace = "default";

    private readonly Channel<WireEvent> _queue = Channel.CreateBounded<WireEvent>(new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly HashSet<Uid> _done = [];
    private readonly Queue<Uid> _oldestDone = [];

    /// <summary>How many actions are remembered; one that is repeated after so many others gets a second Event.</summary>
    public int Remembered { get; init; } = 10_000;

    /// <summary>An action was accepted; a repetition gets no further Event.</summary>
    public void Happened(Decision decision)
    {
        switch (decision)
        {
            case Decision.DeletePod o when First(o.Pod.Uid):
                Write(Reference(o.Pod), "ForceDeleted", "pod deleted because a used volume is marked as failing");
                break;
            case Decision.TaintNode o:
                Write(Reference(o.Node), "NodeStorageQuorumLost", "tainted node because it has lost the quorum of some volumes");
                break;
            case Decision.UntaintNode o:
                Write(Reference(o.Node), "NodeStorageQuorumRegained", "all volumes on the node have quorum", type: "Normal");
                break;
            case Decision.DeleteAttachment o:
                Detached(o.Attachment);
                break;
        }
    }

    /// <summary>An attachment was deleted in a failover: by us, or by the attach-detach controller once we had released its volume.</summary>
    public void Detached(Attachment attachment)
    {
        if (First(attachment.Uid))
        {
            Write(Reference(attachment), "ForceDetached", "volume detached because it is marked as failing");
        }
    }

    /// <summary>Pods are left alone for a reason; only the leader says so.</summary>
    public void Held(Decision.Hold held)
    {
        if (!hold.Covers(TimeSpan.Zero))
        {
            return;
        }

        foreach (var pod in held.Pods)
        {
            Write(Reference(pod), "FailoverHeld", $"not moved away from node {held.Node}: {DecisionText.Because(held)}");
        }
    }

    /// <summary>A failover makes no progress: the Event is on the pod that should run, or on the object that should create it.</summary>
    public void Stalled(Decision.ReportStuck stall)
    {
        var (pod, message) = (stall.Failover.Pod, DecisionText.Of(stall));
        if (!hold.Covers(TimeSpan.Zero))
        {
            return;
        }

        if (stall.Failover.Replacement is { } replacement)
        {
            Write(Reference(replacement), "FailoverStalled", message);
        }
        else if (pod.Owner is { } owner)
        {
            Write(new() { ApiVersion = owner.ApiVersion, Kind = owner.Kind, Namespace = pod.Key.Namespace, Name = owner.Name, Uid = owner.Uid.Value }, "FailoverStalled", message);
        }
    }

    /// <summary>Everything that was moved away from a node together has come to its end.</summary>
    public void Ended(ClusterNode node, string summary, bool isWell) => Write(Reference(node), "FailoverEnded", summary, isWell ? "Normal" : "Warning");

    public async Task RunAsync(CancellationToken cancellation)
    {
        // On a stop, pending Events are still written, unless that takes too long.
        await using var farewell = new Farewell(clock, () => _queue.Writer.TryComplete(), cancellation);
        await foreach (var happened in _queue.Reader.ReadAllAsync(farewell.Token))
        {
            try
            {
                await limit.TakeSpareAsync(clock, farewell.Token);
                await kubernetes.CreateEventAsync(happened, farewell.Token);
            }
            catch (KubernetesException refused)
            {
                NotWritten(happened.Reason, happened.InvolvedObject.Kind, happened.InvolvedObject.Name, RefusalText.Explain(refused, RefusalText.Missing("", "events", "create")));
            }
            catch (Exception failed) when (failed.IsTransient())
            {
                NotWritten(happened.Reason, happened.InvolvedObject.Kind, happened.InvolvedObject.Name, failed.Message);
            }
            catch (Exception bug) when (!farewell.Token.IsCancellationRequested)
            {
                errors.Note(bug); // one Event is missing
            }
        }
    }

    private bool First(Uid uid)
    {
        lock (_done)
        {
            if (!_done.Add(uid))
            {
                return false;
            }

            _oldestDone.Enqueue(uid);
            if (_oldestDone.Count > Remembered)
            {
                _done.Remove(_oldestDone.Dequeue());
            }

            return true;
        }
    }

    private void Write(WireObjectReference about, string reason, string message, string type = "Warning")
    {
        if (dryRun)
        {
            return;
        }

        var now = clock.GetUtcNow();
        _queue.Writer.TryWrite(new WireEvent
        {
            // A time in the name makes it unique, and sorts as client-go's do.
            Metadata = new() { Name = $"{EventText.Prefix(about.Name!)}.{now.UtcTicks:x16}{Random.Shared.Next(0x1000):x3}", Namespace = about.Namespace ?? ClusterNamespace },
            InvolvedObject = about,
            Type = type,
            Reason = reason,
            Message = EventText.Capped(message),
            Source = new() { Component = ProgramVersion.Name },
            FirstTimestamp = now,
            LastTimestamp = now,
        });
    }

    private static WireObjectReference Reference(Pod pod) =>
        new() { ApiVersion = "v1", Kind = "Pod", Namespace = pod.Key.Namespace, Name = pod.Key.Name, Uid = pod.Uid.Value };

    // A node's Events are looked up by its name: kubelets write it into the uid, and kubectl describe expects that.
    private static WireObjectReference Reference(ClusterNode node) =>
        new() { ApiVersion = "v1", Kind = "Node", Name = node.Name.Value, Uid = node.Name.Value };

    private static WireObjectReference Reference(Attachment attachment) =>
        new() { ApiVersion = "storage.k8s.io/v1", Kind = "VolumeAttachment", Name = attachment.Name, Uid = attachment.Uid.Value };

    [LoggerMessage(120, LogLevel.Warning, "Could not write the Event {Reason} on {Kind} {Name}: {Why}")]
    private partial void NotWritten(string reason, string? kind, string? name, string why);
}
