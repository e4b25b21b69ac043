using System.Collections.Immutable;
using Piraeus.HighAvailability.Core;
using Piraeus.HighAvailability.Simulator.Kubernetes;
using Piraeus.HighAvailability.Simulator.World;
using Pod = Piraeus.HighAvailability.Simulator.Kubernetes.Pod;

namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>A moved pod's record.</summary>
/// <param name="By">The controller that moved it.</param>
/// <param name="Life">The controller's process at that time.</param>
internal readonly record struct PodMove(TimeSpan At, SimulatedController By, int Life)
{
    /// <summary>Whether the process that moved it still acts, and so can finish the failover.</summary>
    public bool IsRemembered => By.IsAlive && By.Life == Life && By.MayAct(TimeSpan.Zero);
}

/// <summary>The cluster of one scenario, with our processes in it, and its queries.</summary>
internal sealed partial class SimulatedCluster
{
    /// <summary>How long a request waits for an answer that does not come.</summary>
    private static readonly TimeSpan Unanswered = TimeSpan.FromSeconds(5);

    /// <summary>The minimum time for which a loss that is older than the process counts as new.</summary>
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(25);

    /// <summary>LINSTOR's longest response time during a short load peak.</summary>
    private static readonly TimeSpan SlowAnswer = TimeSpan.FromSeconds(8);

    private readonly HashSet<string> _optedIn = [];
    private readonly HashSet<ResourceDefinition> _loose = [];
    private readonly Dictionary<string, TimeSpan> _exempted = [];
    private readonly Dictionary<string, TimeSpan> _turnedOn = [];
    private readonly Dictionary<(SimulatedController, int, ResourceName), TimeSpan> _knownUnfenced = [];
    private readonly Dictionary<string, TimeSpan> _turnedOff = [];
    private readonly Dictionary<(SimulatedController, int, ResourceName, NodeName), TimeSpan> _read = []; // and when, last
    private readonly HashSet<string> _tampered = [];
    private readonly HashSet<ResourceDefinition> _torn = [];
    private readonly Dictionary<ResourceDefinition, TimeSpan> _membersChanged = [];
    private readonly Dictionary<string, TimeSpan> _declaredLost = []; // and when, last
    private readonly Dictionary<(SimulatedController, int), TimeSpan> _listens = [];
    private readonly Dictionary<(SimulatedController, int), TimeSpan> _hears = [];
    private readonly Dictionary<(SimulatedController, int), TimeSpan> _informed = [];
    private readonly HashSet<(SimulatedController, int, string)> _seenLost = [];
    private readonly HashSet<(SimulatedController, int, NodeName)> _seenOnline = [];
    private readonly Dictionary<string, TimeSpan> _boundAt = [];
    private readonly Dictionary<string, TimeSpan> _attachedAt = [];
    private readonly Dictionary<(string, string), int> _logged = [];
    private readonly Dictionary<Observation, (TimeSpan At, ImmutableArray<string> Lost)> _given = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(SimulatedController, int, ResourceName), List<(TimeSpan Given, TimeSpan Taken)>> _answers = [];
    private readonly Dictionary<Observation, TimeSpan> _listed = new(ReferenceEqualityComparer.Instance); // lists of pods under way, and when the API server made each
    private readonly Dictionary<(SimulatedController, int, NodeName), List<(TimeSpan Given, TimeSpan Taken)>> _lists = [];
    private readonly NetworkNoise _noise;
    private readonly HashSet<ResourceName> _hanging = [];
    private readonly HashSet<ResourceName> _unreadable = [];
    private readonly HashSet<(SimulatedController, ResourceName)> _missingOnce = [];
    private int _refusing;

    public SimulatedCluster(ScenarioPlan plan, Coverage coverage, ScenarioObserver observer)
    {
        (Plan, Coverage, Observer, _noise) = (plan, coverage, observer, new NetworkNoise(plan.Seed));
        Storage = new StorageWorld(new StorageTimings { Adjust = plan.Setup.Adjust });
        Kubernetes = new KubernetesWorld(Storage, random: new Random(plan.Seed)) { Place = static (_, _) => { } };
        Nodes = [.. Enumerable.Range(0, plan.Setup.Nodes).Select(node => (node, plan.Setup.NodeName(node)))];
        Furnish();
        Store.Changed += Notice;
        Oracle = new Oracle(this);
        Controllers = [.. Enumerable.Range(0, plan.Setup.Controllers).Select(number => new SimulatedController(this, $"ha-{number}", plan.Setup.Controllers > 1, new NetworkNoise((plan.Seed * 31) + number)))];
    }

    /// <summary>Raised when LINSTOR repeats everything to every subscriber.</summary>
    public event Action? Replaying;

    public ScenarioPlan Plan { get; }

    public Coverage Coverage { get; }

    public ScenarioObserver Observer { get; }

    public StorageWorld Storage { get; }

    public KubernetesWorld Kubernetes { get; }

    public ObjectStore Store => Kubernetes.Store;

    public EventQueue EventQueue => Storage.EventQueue;

    public Oracle Oracle { get; }

    public ImmutableArray<SimulatedController> Controllers { get; }

    /// <summary>Nodes, by number and Kubernetes name.</summary>
    public ImmutableArray<(int Number, string Name)> Nodes { get; }

    /// <summary>The moved pods, in their last state.</summary>
    public Dictionary<Pod, PodMove> Moves { get; } = [];

    /// <summary>Whether an observer receives the scenario's log.</summary>
    public bool IsTold => Observer.Logged is not null;

    public void Log(string who, FormattableString what) => Observer.Logged?.Invoke(FormattableString.Invariant($"{EventQueue.Now.TotalSeconds,8:0.000}  {who,-12}{what}"));

    public void Replay() => Replaying?.Invoke();

    private void Notice(Change change)
    {
        if (change.Item is VolumeAttachment { Attached: true } attachment)
        {
            _attachedAt.TryAdd(attachment.Metadata.Uid, EventQueue.Now);
        }

        if (change.Item is not Pod pod)
        {
            return;
        }

        if (pod.Spec.NodeName is not null)
        {
            _boundAt.TryAdd(pod.Metadata.Uid, EventQueue.Now);
        }

        if (!CoreMapping.HasOptedIn(pod) || pod.Metadata.Annotations.ContainsKey(CoreMapping.OptOut))
        {
            _exempted.TryAdd(pod.Metadata.Uid, change.Type == ChangeType.Added ? TimeSpan.MinValue : EventQueue.Now);
        }
        else
        {
            _optedIn.UnionWith(pod.Spec.Claims.Select(mount => Store.Find<PersistentVolumeClaim>(pod.Metadata.Namespace, mount.Claim)?.VolumeName).OfType<string>());
        }

        if (IsTold)
        {
            Log("kubernetes", change.Type switch
            {
                ChangeType.Added => $"pod {pod.Key} is created",
                ChangeType.Deleted => $"pod {pod.Key} on {pod.Spec.NodeName} is gone",
                _ => $"pod {pod.Key} on {pod.Spec.NodeName} is {pod.Phase}{(pod.Metadata.Deleting is null ? "" : ", terminating")} {pod.Message}",
            });
        }
    }
}
