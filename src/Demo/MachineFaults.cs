using Piraeus.HighAvailability.Simulator.Kubernetes;

namespace Piraeus.HighAvailability.Demo;

/// <summary>The faults that can be injected into a machine.</summary>
internal static class MachineFaults
{
    public static readonly (string Name, string LogText, Action<KubernetesWorld, string> Do)[] OfNodes =
    [
        ("crash", "cut the power of", (world, node) => world.Crash(node)),
        ("power-on", "switch on", (world, node) => world.PowerOn(node)),
        ("cut-off", "cut the whole network of", (world, node) => world.Isolate(node)),
        ("rejoin", "mend the network of", (world, node) => world.Rejoin(node)),
        ("stop-satellite", "stop LINSTOR's satellite on", (world, node) => world.Storage.StopSatellite(node)),
        ("start-satellite", "start LINSTOR's satellite on", (world, node) => world.Storage.StartSatellite(node)),
    ];
}
