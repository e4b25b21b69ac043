using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core.Tests.Rehearsals;

/// <summary>How a workload's owner wants it treated.</summary>
internal enum Wish
{
    Failover,
    Annotated,
    Unlabelled,
}

/// <summary>One pod at a time for each resource, with its claim, volume and attachment. Tells of everything through streams that are late, each by its own delay.</summary>
internal sealed class Kubernetes(Random random, Agenda agenda, Truth truth, Wish[] wishes, Action<Observation> tell)
{
    private readonly Dictionary<string, Instant> _streams = [];
    private int _uids;

    public Dictionary<Uid, Pod> Pods { get; } = [];

    public Dictionary<Uid, Attachment> Attachments { get; } = [];

    public static ObjectKey Claim(int resource) => new("default", $"data-{resource}");

    public int ResourceOf(ObjectKey claim) => Enumerable.Range(0, wishes.Length).Single(resource => Claim(resource) == claim);

    public int ResourceOf(Pod pod) => ResourceOf(new ObjectKey("default", pod.Claims[0].Claim));

    public Wish WishOf(int resource) => wishes[resource];

    public Observation Volumes() => new Observation.Listed<Volume>(
        [.. Enumerable.Range(0, wishes.Length).Select(resource => new Volume($"pv-{resource}", Claim(resource)) { Resource = Story.Name(resource) })]);

    public Observation ListPods() => new Observation.Listed<Pod>([.. Pods.Values.Where(pod => pod.OptedIn)]);

    public Observation ListAttachments() => new Observation.Listed<Attachment>([.. Attachments.Values]);

    /// <summary>Schedules a pod, attaches its volume where nobody else has it, and lets it run.</summary>
    public void Start(int resource, int node)
    {
        var pod = new Pod(new("default", $"app-{resource}"), new($"pod-{_uids++}"), Truth.Name(node))
        {
            Claims = [new(Claim(resource).Name)],
            OptedIn = wishes[resource] != Wish.Unlabelled,
            OptedOut = wishes[resource] == Wish.Annotated,
        };
        Pods[pod.Uid] = pod;
        Tell(pod, new Observation.Seen<Pod>(pod));
        agenda.In(random.Next(3) == 0 ? random.NextDouble() * 40 : 0, () => Run(pod, resource, node)); // an image may take its time
    }

    public bool Delete(Pod pod)
    {
        if (!Pods.Remove(pod.Uid))
        {
            return false;
        }

        Tell(pod, new Observation.Gone<Pod>(pod));
        agenda.In(random.NextDouble() * 2, () => Replace(ResourceOf(pod)));
        return true;
    }

    public bool Delete(Attachment attachment)
    {
        if (!Attachments.Remove(attachment.Uid))
        {
            return false;
        }

        Send("attachments", new Observation.Gone<Attachment>(attachment));
        return true;
    }

    /// <summary>What comes through a stream comes late, at worst by so many seconds, and in order.</summary>
    public void Send(string stream, Observation seen, double atWorst = 3)
    {
        var at = agenda.Now + TimeSpan.FromSeconds(random.NextDouble() * (random.Next(10) == 0 ? atWorst : 0.2));
        at = Instant.Later(at, _streams.GetValueOrDefault(stream));
        _streams[stream] = at;
        agenda.At(at, () => tell(seen));
    }

    private void Tell(Pod pod, Observation seen)
    {
        if (pod.OptedIn)
        {
            Send("pods", seen);
        }
    }

    private void Run(Pod pod, int resource, int node)
    {
        if (!Pods.ContainsKey(pod.Uid))
        {
            truth.Demote(node, resource); // the kubelet stops what has no pod, as soon as it can
            return;
        }

        var own = Attachments.Values.Where(attachment => attachment.Volume == $"pv-{resource}").ToList();
        if (own.Count == 0 && truth.IsReachable(node))
        {
            var attachment = new Attachment($"va-{resource}-{node}", new($"va-{_uids++}"), $"pv-{resource}", Truth.Name(node));
            Attachments[attachment.Uid] = attachment;
            Send("attachments", new Observation.Seen<Attachment>(attachment));
        }
        else if (own.Exists(attachment => attachment.Node == Truth.Name(node)))
        {
            truth.TryPromote(node, resource);
        }

        agenda.In(1, () => Run(pod, resource, node));
    }

    // The scheduler avoids nodes that are tainted; where nothing is left it waits.
    private void Replace(int resource)
    {
        var fit = truth.ReplicasOf(resource).Where(node => truth.IsReachable(node) && truth.HasQuorum(node, resource)).ToList();
        if (fit.Count > 0)
        {
            Start(resource, fit[random.Next(fit.Count)]);
        }
        else
        {
            agenda.In(1, () => Replace(resource));
        }
    }

    public ImmutableArray<Pod> PodsOn(NodeName node) => [.. Pods.Values.Where(pod => pod.Node == node)];
}
