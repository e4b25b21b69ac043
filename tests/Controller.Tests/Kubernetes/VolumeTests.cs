using System.Text.Json;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>What a PersistentVolume is to the core.</summary>
public sealed class VolumeTests
{
    [Theory]
    [InlineData("Bound", true)]
    [InlineData("Available", false)]
    [InlineData("Pending", false)]
    [InlineData("Released", false)]
    [InlineData("Failed", false)]
    [InlineData("", false)]
    public void Only_a_bound_volume_serves_the_claim_that_it_names(string phase, bool serves)
    {
        var volume = Read($$"""
            {
              "metadata": { "name": "pv-1" },
              "spec": {
                "claimRef": { "namespace": "default", "name": "data", "uid": "of-a-claim" },
                "csi": { "driver": "linstor.csi.linbit.com", "volumeHandle": "pvc-1/0" }
              },
              "status": { "phase": "{{phase}}" }
            }
            """);
        Assert.Equal(serves ? new ObjectKey("default", "data") : null, volume.Claim);
        Assert.Equal(new ResourceName("pvc-1"), volume.Resource);
    }

    [Theory]
    [InlineData("""["ReadOnlyMany"]""", "false", true)]
    [InlineData("""["ReadWriteOnce"]""", "true", true)]
    [InlineData("""["ReadWriteOnce","ReadOnlyMany"]""", "false", false)]
    [InlineData("""["ReadWriteOnce"]""", "false", false)]
    public void A_volume_is_read_only_if_no_access_mode_lets_anybody_write_or_its_driver_mounts_it_so(string modes, string readOnly, bool isReadOnly) =>
        Assert.Equal(isReadOnly, Read("""{"metadata":{"name":"pv-1"},"spec":{"csi":{"driver":"linstor.csi.linbit.com","volumeHandle":"pvc-1","readOnly":READONLY},"accessModes":MODES}}"""
            .Replace("MODES", modes, StringComparison.Ordinal).Replace("READONLY", readOnly, StringComparison.Ordinal)).ReadOnly);

    [Theory]
    [InlineData("""["ReadWriteMany"]""", true)]
    [InlineData("""["ReadWriteOnce","ReadWriteMany"]""", true)]
    [InlineData("""["ReadWriteOnce"]""", false)]
    [InlineData("""["ReadWriteOncePod"]""", false)]
    [InlineData("""["ReadOnlyMany"]""", false)]
    [InlineData("[]", false)]
    [InlineData("null", false)]
    public void A_volume_has_many_writers_if_one_of_its_access_modes_is_ReadWriteMany(string modes, bool many) =>
        Assert.Equal(many, Read("""{"metadata":{"name":"pv-1"},"spec":{"csi":{"driver":"linstor.csi.linbit.com","volumeHandle":"pvc-1"},"accessModes":MODES}}""".Replace("MODES", modes, StringComparison.Ordinal)).ManyWriters);

    private static Volume Read(string json) => new KubernetesTranslation("linstor.csi.linbit.com", LabelSelector.Parse(""))
        .Volume(JsonSerializer.Deserialize(json, KubernetesJson.Default.WireVolume)!);
}
