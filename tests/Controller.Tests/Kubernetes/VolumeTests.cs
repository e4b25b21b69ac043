using System.Text.Json;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>What a PersistentVolume is to the core.</summary>
public sealed class VolumeTests
{
    [Theory]
    [InlineData("Bound", true)]
    [InlineData("Pending", true)]
    [InlineData("Released", false)]
    [InlineData("Failed", false)]
    public void A_volume_that_outlived_its_claim_serves_no_other_claim_of_that_name(string phase, bool serves)
    {
        var volume = Read($$"""
            {
              "metadata": { "name": "pv-1" },
              "spec": {
                "claimRef": { "namespace": "default", "name": "data", "uid": "of-the-claim-that-was-deleted" },
                "csi": { "driver": "linstor.csi.linbit.com", "volumeHandle": "pvc-1/0" }
              },
              "status": { "phase": "{{phase}}" }
            }
            """);
        Assert.Equal(serves ? new ObjectKey("default", "data") : null, volume.Claim);
        Assert.Equal(new ResourceName("pvc-1"), volume.Resource);
    }

    private static Volume Read(string json) => new Translate("linstor.csi.linbit.com", LabelSelector.Parse(""))
        .Volume(JsonSerializer.Deserialize(json, KubernetesJson.Default.WireVolume)!);
}
