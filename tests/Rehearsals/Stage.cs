using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;
using Event = Piraeus.HighAvailability.Simulator.Kubernetes.Event;
using Pod = Piraeus.HighAvailability.Simulator.Kubernetes.Pod;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>The world of one story, with our processes in it, and everything that one can ask of it.</summary>
internal sealed class Stage
{
    /// <summary>How long a question waits for an answer that does not come.</summary>
    private static readonly TimeSpan Unanswered = TimeSpan.FromSeconds(5);

    /// <summary>How long LINSTOR takes for an answer when it has much to do.</summary>
    private static readonly TimeSpan SlowAnswer = TimeSpan.FromSeconds(8);

    private readonly HashSet<string> _optedIn = [];
    private readonly HashSet<ResourceDefinition> _loose = [];
    private readonly Dictionary<string, TimeSpan> _exempted = [];
    private readonly Dictionary<string, TimeSpan> _turnedOn = [];
    private readonly HashSet<(Candidate, int, ResourceName)> _toldOfNone = [];
    private readonly HashSet<string> _moved = [];
    private readonly Dictionary<string, TimeSpan> _boundAt = [];
    private readonly Dictionary<(string, string), int> _said = [];
    private readonly Noise _noise;
    private int _refusing;

    public Stage(Plan plan, Coverage coverage, Audience audience)
    {
        (Plan, Coverage, Audience, _noise) = (plan, coverage, audience, new Noise(plan.Seed));
        Storage = new StorageWorld();
        Kubernetes = new KubernetesWorld(Storage, random: new Random(plan.Seed)) { Place = static (_, _) => { } };
        Nodes = [.. Enumerable.Range(0, plan.Cast.Nodes).Select(node => (node, plan.Cast.NodeName(node)))];
        Furnish();
        Store.Changed += Notice;
        Oracle = new Oracle(this);
        Candidates = [.. Enumerable.Range(0, plan.Cast.Candidates).Select(number => new Candidate(this, $"ha-{number}", plan.Cast.Candidates > 1, new Noise((plan.Seed * 31) + number)))];
    }

    /// <summary>LINSTOR repeats everything, to everybody.</summary>
    public event Action? Replaying;

    public Plan Plan { get; }

    public Coverage Coverage { get; }

    public Audience Audience { get; }

    public StorageWorld Storage { get; }

    public KubernetesWorld Kubernetes { get; }

    public ObjectStore Store => Kubernetes.Store;

    public Agenda Agenda => Storage.Agenda;

    public Oracle Oracle { get; }

    public ImmutableArray<Candidate> Candidates { get; }

    /// <summary>Nodes, by number and Kubernetes name.</summary>
    public ImmutableArray<(int Number, string Name)> Nodes { get; }

    /// <summary>Pods that were moved, as they were last, and when.</summary>
    public Dictionary<Pod, TimeSpan> Moves { get; } = [];

    /// <summary>Whether the story is told.</summary>
    public bool IsTold => Audience.Told is not null;

    public void Tell(string who, FormattableString what) => Audience.Told?.Invoke(FormattableString.Invariant($"{Agenda.Now.TotalSeconds,8:0.000}  {who,-12}{what}"));

    public void Replay() => Replaying?.Invoke();

    /// <summary>A question to LINSTOR and its answer, which is null if there is none.</summary>
    public void AskLinstor(Candidate asker, Func<Observation> question, Action<Observation?> answered)
    {
        var life = asker.Life;
        Agenda.After(asker.Noise.Delay(), () =>
        {
            if (life == asker.Life)
            {
                var answer = asker.ReachesLinstor && Storage.LinstorRuns ? question() : null;
                var back = asker.Noise.OnceIn(40) ? asker.Noise.UpTo(SlowAnswer) : asker.Noise.Delay();
                asker.Later(asker.ReachesLinstor ? back : Unanswered, () => answered(answer));
            }
        });
    }

    /// <summary>A question to the API server and its answer, which is null if there is none.</summary>
    public void AskApi(Candidate asker, Func<Observation> question, Action<Observation?> answered)
    {
        var life = asker.Life;
        Agenda.After(asker.Noise.Delay(), () =>
        {
            if (life != asker.Life)
            {
                return;
            }

            var answer = asker is { ReachesApi: true, HearsAnswers: true } && Refuses() is null ? question() : null;
            asker.Later(asker.ReachesApi ? asker.Noise.Delay() : Unanswered, () => answered(answer));
        });
    }

    /// <summary>What the API server says instead of doing what it is asked; null if it does it.</summary>
    public Outcome? Refuses() => _refusing > 0 && _noise.OnceIn(2)
        ? new(Answer.Refused, "the server is busy", _noise.OnceIn(2) ? TimeSpan.FromSeconds(1) : null)
        : null;

    public void RefuseRequests(bool begin) => _refusing += begin ? 1 : -1;

    /// <summary>Something reached one of our processes.</summary>
    public void Heard(Candidate candidate, Observation seen, ClusterSnapshot before)
    {
        Audience.Heard?.Invoke(candidate.Name, seen, candidate.Now);
        if (seen is Observation.Reported { Report: var report } && !report.Quorum.Fences(report.Replicas.Count(replica => !replica.Diskless)))
        {
            _toldOfNone.Add((candidate, candidate.Life, report.Resource));
        }

        if (!seen.GetType().IsGenericType)
        {
            Coverage.Meet($"observation {seen.GetType().Name}");
        }

        if (seen is Observation.Acted acted)
        {
            Coverage.Meet(Coverage.Of(acted.Outcome.Answer));
            Tell(candidate.Name, $"was answered {acted.Outcome.Answer} to: {Sentences.Of(acted.Decision)}");
        }

        foreach (var held in candidate.Cluster.Failovers.All)
        {
            if (held.Item.Ending is { } ending && before.Failovers.Find(held.Item.Pod.Uid)?.Item.Ending is null)
            {
                Coverage.Meet(Coverage.Of(ending));
                Tell(candidate.Name, $"says: {Sentences.Of(held.Item)}");
            }
        }
    }

    /// <summary>One of our processes has come to a decision.</summary>
    public void Decided(Candidate candidate, Decision decision)
    {
        Coverage.Meet(decision is Decision.Hold hold ? Coverage.Of(hold.Reason) : $"decision {decision.GetType().Name}");
        if (decision is Decision.Hold)
        {
            Coverage.Meet("decision Hold");
        }

        if (IsTold && decision is not (Decision.Consult or Decision.Inquire or Decision.Survey))
        {
            var sentence = Sentences.Of(decision);
            var key = (candidate.Name, sentence);
            if (_said.GetValueOrDefault(key) is 0)
            {
                Tell(candidate.Name, $"{sentence}");
            }

            _said[key] = 1;
        }
    }

    /// <summary>What an event last warned of about an object; null if of nothing.</summary>
    public string? WarningAbout(string uid) =>
        Store.All<Event>().Where(told => told.About.Uid == uid && told.Type == "Warning").MaxBy(told => told.Last)?.Message;

    /// <summary>The LINSTOR volumes that a pod uses, by handle.</summary>
    public IEnumerable<string> ResourcesOf(Pod pod) => pod.Spec.Claims
        .Select(mount => Store.Find<PersistentVolumeClaim>(pod.Metadata.Namespace, mount.Claim)?.VolumeName)
        .Select(volume => volume is null ? null : ResourceOf(volume))
        .OfType<string>();

    /// <summary>The handle of a LINSTOR volume; null for every other kind.</summary>
    public string? ResourceOf(string volume) => Store.Find<PersistentVolume>(volume) is { Driver: Cast.Driver } found ? found.Handle : null;

    /// <summary>The handle of the LINSTOR volume that a node's list of those in use names so.</summary>
    public string? ResourceNamed(string inUseName) => Store.All<PersistentVolume>().FirstOrDefault(volume => volume.InUseName == inUseName && volume.Driver == Cast.Driver)?.Handle;

    /// <summary>All LINSTOR volumes, by handle.</summary>
    public IEnumerable<string> Resources => Enumerable.Range(0, Plan.Cast.Volumes.Length).Select(Cast.Handle);

    /// <summary>The volume of a definition, as a number.</summary>
    public int VolumeOf(ResourceDefinition definition) => int.Parse(definition.Name.AsSpan(4), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The pods that mount a volume.</summary>
    public IEnumerable<Pod> UsersOf(string volume) => Store.Find<PersistentVolume>(volume) is { } found
        ? Store.All<Pod>().Where(pod => pod.Spec.Claims.Any(mount => mount.Claim == found.ClaimName))
        : [];

    /// <summary>Whether a pod on a node mounts a LINSTOR volume, or an attachment has it there.</summary>
    public bool HasUserOn(int volume, string node)
    {
        var (claim, handle) = (Cast.Claim(volume), Cast.Handle(volume));
        return Store.All<Pod>().Any(pod => pod.Spec.NodeName == node && pod.Spec.Claims.Any(mount => mount.Claim == claim))
            || AttachmentsOf(handle).Any(attachment => attachment.NodeName == node);
    }

    /// <summary>The attachments of a LINSTOR volume.</summary>
    public IEnumerable<VolumeAttachment> AttachmentsOf(string resource) => Store.All<VolumeAttachment>().Where(attachment => ResourceOf(attachment.VolumeName) == resource);

    /// <summary>Since when the pod was exempted by its owner; null if it is not.</summary>
    public TimeSpan? Exempted(Pod pod) => Words.HasOptedIn(pod) && !pod.Metadata.Annotations.ContainsKey(Words.OptOut) ? null : _exempted.GetValueOrDefault(pod.Metadata.Uid);

    /// <summary>Whether a pod that opted in has ever used the volume.</summary>
    public bool WasOptedIn(string volume) => _optedIn.Contains(volume);

    /// <summary>When the pod was bound to its node.</summary>
    public TimeSpan BoundAt(Pod pod) => _boundAt.GetValueOrDefault(pod.Metadata.Uid);

    /// <summary>Whether a partition without quorum could not write, as the property says it and DRBD's voters count.</summary>
    public bool IsFenced(ResourceDefinition definition)
    {
        var policy = Storage.EffectiveProperty(definition, QuorumPolicy.Key) ?? "off";
        var voters = definition.Replicas.Count(replica => replica.Kind == ReplicaKind.Diskful);
        return policy is "majority" or "all" || 2 * QuorumPolicy.VotesNeeded(policy, voters) > voters;
    }

    /// <summary>What the pod writes to, by claim, that nothing fences.</summary>
    /// <param name="strictly">Whether a resource counts whose quorum was off at any time: it may have been so unseen, or not everywhere have been turned on again.</param>
    public List<string> Unfenced(Pod pod, bool strictly) =>
    [
        .. from mount in pod.Spec.Claims
           where !mount.ReadOnly && !IsFenced(pod, mount.Claim, strictly)
           select mount.Claim,
    ];

    private bool IsFenced(Pod pod, string claim, bool strictly) =>
        Store.Find<PersistentVolumeClaim>(pod.Metadata.Namespace, claim) is { } bound
        && ResourceOf(bound.VolumeName) is { } resource && Storage.FindDefinition(resource) is { } definition
        && (_loose.Contains(definition) ? !strictly : IsFenced(definition));

    /// <summary>Whether two may write to the resource at a time: its quorum was off, or it may have two Primaries.</summary>
    public bool MayDiverge(ResourceDefinition definition) =>
        _loose.Contains(definition) || Storage.EffectiveProperty(definition, QuorumPolicy.Key) is null or "off" || Storage.EffectiveProperty(definition, QuorumPolicy.AllowTwoPrimariesKey) == "yes";

    /// <summary>The resource's quorum is turned off.</summary>
    public void Loosen(ResourceDefinition definition) => _loose.Add(definition);

    /// <summary>Its quorum is turned on again. A node that does not hear of that goes on without it, and a process that begins afterwards cannot know.</summary>
    public void TurnOn(ResourceDefinition definition) => _turnedOn[Cast.Handle(VolumeOf(definition))] = Agenda.Now;

    /// <summary>Whether an administrator has done something to the resource after which caution is better than haste: what was turned off or moved away may live on where nobody sees it.</summary>
    public bool WasTamperedWith(string resource) => _turnedOn.ContainsKey(resource) || _moved.Contains(resource);

    /// <summary>Notes that a replica was moved to another node.</summary>
    public void Move(ResourceDefinition definition) => _moved.Add(Cast.Handle(VolumeOf(definition)));

    /// <summary>Whether the process could know since when the resource has its quorum policy: LINSTOR told it of a time in which it had none.</summary>
    public bool KnowsPolicy(Candidate candidate, string resource) => !_turnedOn.ContainsKey(resource) || _toldOfNone.Contains((candidate, candidate.Life, new(resource)));

    /// <summary>Whether LINSTOR reaches the node, and every replica there has quorum and data: nothing on it is amiss, and nothing has been since then.</summary>
    public bool IsWell(string node, TimeSpan since)
    {
        var name = Kubernetes.LinstorNameOf(node)!;
        return Storage.FindNode(name) is { Status: ConnectionStatus.Online }
            && Storage.Definitions.All(definition => Storage.FindReplica(definition.Name, name) is not { } replica || Storage.Knowledge.About(replica) is { PromotionScore: > 0 })
            && IsQuietSince(since - TimeSpan.FromSeconds(15));
    }

    /// <summary>Whether no fault has begun or ended since then.</summary>
    public bool IsQuietSince(TimeSpan since) =>
        Plan.Faults.All(fault => fault.At < since && (fault.IsBlindness ? fault.Lasts is { } blind && fault.At + blind < since : fault.Lasts is not { } lasts || fault.At + lasts < since));

    /// <summary>
    /// Whether there are nodes that look well to the scheduler and are not: without a satellite nothing is attached there, and where an old Primary is still reached
    /// over some link no new one can start until it is ended.
    /// </summary>
    public bool IsTorn => Plan.Faults.Any(fault => fault.Kind is FaultKind.LinkCut or FaultKind.ReplicationCut or FaultKind.SatelliteStopped);

    /// <summary>Whether one node at least could run a pod with that resource.</summary>
    public bool CanRunSomewhere(string resource) => Storage.LinstorRuns && Nodes.Any(node => Kubernetes.IsConnected(node.Name)
        && Storage.KnownOf(resource, Plan.Cast.LinstorName(node.Number)) is { } known && known is { MayPromote: true } or { InUse: true, PromotionScore: > 0 });

    public bool CanRunSomewhere(Pod pod) => ResourcesOf(pod).All(CanRunSomewhere);

    /// <summary>Whether the attachment is one that the moved pod used.</summary>
    public bool Precedes(VolumeAttachment attachment, Pod moved) => attachment.Metadata.Created < Moves[moved];

    /// <summary>Those who use the same volumes on the same node, and stay.</summary>
    public IEnumerable<Pod> CompanionsOf(Pod moved) => Store.All<Pod>().Where(pod =>
        pod.Spec.NodeName == moved.Spec.NodeName && pod.Metadata.Uid != moved.Metadata.Uid && pod.Spec.Claims.Any(moved.Spec.Claims.Contains));

    /// <summary>Those who were created in a pod's stead.</summary>
    public IEnumerable<Pod> SuccessorsOf(Pod moved) =>
        Store.All<Pod>().Where(pod => pod.Metadata.Owner?.Uid == moved.Metadata.Owner?.Uid && pod.Metadata.Uid != moved.Metadata.Uid);

    private void Furnish()
    {
        foreach (var (number, name) in Nodes)
        {
            Storage.AddNode(Plan.Cast.LinstorName(number), Plan.Cast.HostName(number));
            Kubernetes.AddNode(name, Plan.Cast.LinstorName(number));
        }

        for (var volume = 0; volume < Plan.Cast.Volumes.Length; volume++)
        {
            Furnish(volume, Plan.Cast.Volumes[volume]);
        }

        for (var workload = 0; workload < Plan.Cast.Workloads.Length; workload++)
        {
            Furnish(workload, Plan.Cast.Workloads[workload]);
        }
    }

    private void Furnish(int volume, VolumePart part)
    {
        var name = Plan.Cast.Definition(volume);
        Kubernetes.AddVolume(Cast.Claim(volume), Cast.Handle(volume), accessMode: part.Shared ? AccessMode.ReadWriteMany : AccessMode.ReadWriteOnce);
        if (part.Missing)
        {
            return;
        }

        Storage.AddResource(name, [.. part.Diskful.Select(Plan.Cast.LinstorName)], part.TieBreaker is { } node ? Plan.Cast.LinstorName(node) : null);
        Storage.SetDefinitionProperty(name, QuorumPolicy.OnNoQuorumKey, part.OnNoQuorum);
        if (part.Quorum is { } quorum)
        {
            Storage.SetDefinitionProperty(name, QuorumPolicy.Key, quorum);
        }

        if (part.Shared)
        {
            Storage.SetDefinitionProperty(name, QuorumPolicy.AllowTwoPrimariesKey, "yes");
        }
    }

    private void Furnish(int workload, WorkloadPart part)
    {
        var name = Cast.Name(workload);
        var claims = part.Volumes.Select(volume => new ClaimMount(Cast.Claim(volume))).ToImmutableArray();
        if (part.Foreign)
        {
            Kubernetes.AddVolume($"other-{workload}", $"other-{workload}", driver: "other.example");
            claims = claims.Add(new($"other-{workload}"));
        }

        var labels = Metadata.Nothing.SetItem("app", name);
        var template = new PodTemplate(
            part.Wish == Wish.Unlabelled ? labels : labels.Add(Words.OptIn.Key, Words.OptIn.Value),
            part.Wish == Wish.Annotated ? Metadata.Nothing.SetItem(Words.OptOut, "") : Metadata.Nothing,
            new PodSpec { Claims = claims, Priority = part.Priority });
        switch (part.Keeper)
        {
            case Keeper.StatefulSet:
                Store.Create(new StatefulSet(new(Cast.Space, name), 1, template));
                break;
            case Keeper.Deployment:
                Store.Create(new Deployment(new(Cast.Space, name), 1, template));
                break;
            default:
                Store.Create(new Pod(new(Cast.Space, name) { Labels = template.Labels, Annotations = template.Annotations }, template.Spec));
                break;
        }
    }

    private void Notice(Change change)
    {
        if (change.Item is not Pod pod)
        {
            return;
        }

        if (pod.Spec.NodeName is not null)
        {
            _boundAt.TryAdd(pod.Metadata.Uid, Agenda.Now);
        }

        if (!Words.HasOptedIn(pod) || pod.Metadata.Annotations.ContainsKey(Words.OptOut))
        {
            _exempted.TryAdd(pod.Metadata.Uid, change.Type == ChangeType.Added ? TimeSpan.MinValue : Agenda.Now);
        }
        else
        {
            _optedIn.UnionWith(pod.Spec.Claims.Select(mount => Store.Find<PersistentVolumeClaim>(pod.Metadata.Namespace, mount.Claim)?.VolumeName).OfType<string>());
        }

        if (IsTold)
        {
            Tell("kubernetes", change.Type switch
            {
                ChangeType.Added => $"pod {pod.Key} is created",
                ChangeType.Deleted => $"pod {pod.Key} on {pod.Spec.NodeName} is gone",
                _ => $"pod {pod.Key} on {pod.Spec.NodeName} is {pod.Phase}{(pod.Metadata.Deleting is null ? "" : ", terminating")} {pod.Message}",
            });
        }
    }
}
