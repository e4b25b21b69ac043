using System.Collections.Immutable;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>What a volume is to look like; everything that is left out is chosen so that it is unique.</summary>
public sealed record VolumeShape(string Claim)
{
    public string? PersistentVolume { get; init; }

    /// <summary>The CSI volume handle, which need not be the name of the PersistentVolume.</summary>
    public string? Handle { get; init; }

    /// <summary>The CSI driver, if not the world's own.</summary>
    public string? Driver { get; init; }

    public ImmutableDictionary<string, string> Attributes { get; init; } = ImmutableDictionary<string, string>.Empty;

    public IReadOnlyList<string> AccessModes { get; init; } = ["ReadWriteOnce"];
}

/// <summary>What a pod carries besides its claims.</summary>
public sealed record PodShape
{
    /// <summary>A pod that asks to be moved when its storage is lost.</summary>
    public static readonly PodShape OptedIn = new()
    {
        Labels = ImmutableDictionary<string, string>.Empty.Add("linstor.csi.linbit.com/on-storage-lost", "remove"),
    };

    /// <summary>A pod that says nothing.</summary>
    public static readonly PodShape Plain = new();

    public ImmutableDictionary<string, string> Labels { get; init; } = ImmutableDictionary<string, string>.Empty;

    public ImmutableDictionary<string, string> Annotations { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The name of a PriorityClass that there is.</summary>
    public string? PriorityClass { get; init; }

    /// <summary>Further entries of spec.volumes, such as <c>new { name = "zone", hostPath = new { path = "/etc/localtime" } }</c>.</summary>
    public IReadOnlyList<object> ExtraVolumes { get; init; } = [];
}

/// <summary>A PersistentVolume with the claim that it is bound to.</summary>
public sealed record Volume(string Claim, string PersistentVolume, string Handle, string Driver)
{
    /// <summary>How a node's status names it.</summary>
    public string InUseName => $"kubernetes.io/csi/{Driver}^{Handle}";
}
