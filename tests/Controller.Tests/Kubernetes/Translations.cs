using System.Text.Json;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>Kubernetes' objects as JSON, translated for the default driver and label.</summary>
internal static class Translations
{
    public const string Driver = "linstor.csi.linbit.com";

    public static readonly KubernetesTranslation Translation = new(Driver, LabelSelector.Parse("linstor.csi.linbit.com/on-storage-lost=remove"));

    public static Pod PodOf(string json) => Translation.Pod(Read(json, KubernetesJson.Default.WirePod));

    public static Pod PodWith(params string[] volumes) =>
        PodOf("""{"metadata":{"name":"app"},"spec":{"volumes":[VOLUMES]}}""".Replace("VOLUMES", string.Join(',', volumes.Select(volume => $$$"""{"name":"v",{{{volume[1..]}}}""")), StringComparison.Ordinal));

    public static Volume VolumeOf(string spec) => Translation.Volume(Read($$$"""{"metadata":{"name":"pv"},"spec":{{{spec}}}}""", KubernetesJson.Default.WireVolume));

    public static T Read<T>(string json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => JsonSerializer.Deserialize(json, type)!;
}
