using System.Collections.Immutable;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The properties of a volume; those that are left out get unique values.</summary>
public sealed record VolumeShape(string Claim)
{
    public string? PersistentVolume { get; init; }

    /// <summary>The CSI volume handle, which need not be the name of the PersistentVolume.</summary>
    public string? Handle { get; init; }

    /// <summary>The CSI driver, if not the test's own.</summary>
    public string? Driver { get; init; }

    public ImmutableDictionary<string, string> Attributes { get; init; } = ImmutableDictionary<string, string>.Empty;

    public IReadOnlyList<string> AccessModes { get; init; } = ["ReadWriteOnce"];
}

/// <summary>The properties of a pod besides its claims.</summary>
public sealed record PodShape
{
    /// <summary>A pod that has opted in to being moved when its storage is lost.</summary>
    public static readonly PodShape OptedIn = new()
    {
        Labels = ImmutableDictionary<string, string>.Empty.Add("linstor.csi.linbit.com/on-storage-lost", "remove"),
    };

    /// <summary>A pod without label or annotation.</summary>
    public static readonly PodShape Plain = new();

    public ImmutableDictionary<string, string> Labels { get; init; } = ImmutableDictionary<string, string>.Empty;

    public ImmutableDictionary<string, string> Annotations { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The name of an existing PriorityClass.</summary>
    public string? PriorityClass { get; init; }

    /// <summary>Further entries of spec.volumes, such as <c>new { name = "zone", hostPath = new { path = "/etc/localtime" } }</c>.</summary>
    public IReadOnlyList<object> ExtraVolumes { get; init; } = [];
}

/// <summary>A PersistentVolume with the claim that it is bound to.</summary>
public sealed record Volume(string Claim, string PersistentVolume, string Handle, string Driver)
{
    /// <summary>The volume's name in a node's status.</summary>
    public string InUseName => $"kubernetes.io/csi/{Driver}^{Handle}";
}
