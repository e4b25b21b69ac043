using System.Diagnostics;
using System.Text.Json.Nodes;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.Bench;

/// <summary>Watches a recovery, and records the time of each step.</summary>
internal sealed class RecoveryTimeline
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _reported = [];
    private readonly HashSet<string> _podsLeft;
    private readonly HashSet<string> _attachmentsLeft;
    private readonly HashSet<string> _lostPods;
    private readonly HashSet<string> _running = [];
    private readonly TaskCompletionSource _allTold = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _allDone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Begins to watch; call it before the crash.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="lost">The node that is about to crash.</param>
    public RecoveryTimeline(TestCluster cluster, string lost)
    {
        Pods = [.. cluster.World.View.Pods.Items.Where(pod => pod.NodeName == lost)];
        Attachments = [.. cluster.World.View.Attachments.Items.Where(attachment => attachment.NodeName == lost)];
        _lostPods = [.. Pods.Select(pod => pod.Uid)];
        _podsLeft = [.. _lostPods];
        _attachmentsLeft = [.. Attachments.Select(attachment => attachment.Uid)];
        cluster.World.View.Pods.Gone += pod => Note(() => Remove(_podsLeft, pod, PodsGone));
        cluster.World.View.Attachments.Gone += attachment => Note(() => Remove(_attachmentsLeft, attachment, AttachmentsGone));
        cluster.World.View.Pods.Seen += pod => Note(() => Observe(pod));
        cluster.Linstor.Do(world => world.Knowledge.Changed += change =>
        {
            if (change.MayPromote == true && change.Node != lost)
            {
                Note(() => Reported(change.Resource));
            }
        });
    }

    /// <summary>The pods on the node.</summary>
    public IReadOnlyList<JsonNode> Pods { get; }

    /// <summary>The attachments to the node.</summary>
    public IReadOnlyList<JsonNode> Attachments { get; }

    /// <summary>LINSTOR's events that another replica of a lost resource may promote.</summary>
    public Span Events { get; } = new();

    public Span PodsGone { get; } = new();

    public Span AttachmentsGone { get; } = new();

    public Span Running { get; } = new();

    /// <summary>Completes when LINSTOR has reported every loss.</summary>
    public Task AllTold => _allTold.Task;

    /// <summary>Completes when every lost object is gone, and every pod runs again.</summary>
    public Task AllDone => _allDone.Task;

    public override string ToString() =>
        $"LINSTOR told of {_reported.Count} of {Pods.Count} losses; {_podsLeft.Count} pods and {_attachmentsLeft.Count} attachments are left, and {_running.Count} replacements run";

    private void Note(Action what)
    {
        lock (_gate)
        {
            what();
            if (_podsLeft.Count == 0 && _attachmentsLeft.Count == 0 && _running.Count == Pods.Count)
            {
                _allDone.TrySetResult();
            }
        }
    }

    private void Reported(string resource)
    {
        if (_reported.Add(resource))
        {
            Events.Note();
            if (_reported.Count == Pods.Count)
            {
                _allTold.TrySetResult();
            }
        }
    }

    private void Observe(JsonNode pod)
    {
        if (pod.IsRunningPod && !_lostPods.Contains(pod.Uid) && _running.Add(pod.Uid))
        {
            Running.Note();
        }
    }

    private static void Remove(HashSet<string> left, JsonNode gone, Span span)
    {
        if (left.Remove(gone.Uid))
        {
            span.Note();
        }
    }
}

/// <summary>The times of the first and the last occurrence of an event.</summary>
internal sealed class Span
{
    private long? _first;
    private long _last;

    /// <summary>Records an occurrence now.</summary>
    public void Note()
    {
        _last = Stopwatch.GetTimestamp();
        _first ??= _last;
    }

    public long First => _first ?? throw new InvalidOperationException("it never happened");

    public long Last => _first is null ? First : _last;
}
