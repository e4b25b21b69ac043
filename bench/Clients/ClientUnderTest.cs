using System.Threading.Channels;
using k8s;
using Microsoft.Extensions.Logging.Abstractions;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Bench.Clients;

/// <summary>A Kubernetes client that lists all pods and keeps what the controller keeps of them.</summary>
internal abstract class ClientUnderTest
{
    public const string Ours = "ours";
    public const string Official = "official";

    public static ClientUnderTest Named(string name) => name switch
    {
        Ours => new OurClient(),
        Official => new OfficialClient(),
        _ => throw new ArgumentException($"there is no client {name}", nameof(name)),
    };

    /// <returns>What is kept of the pods.</returns>
    public abstract Task<object> ListPodsAsync(string kubeConfig);

    private sealed class OurClient : ClientUnderTest
    {
        public override async Task<object> ListPodsAsync(string kubeConfig)
        {
            var connection = KubeConfig.Load(kubeConfig).Connect(_ => null, TimeProvider.System, NullLogger.Instance);
            using var http = connection.CreateClient();
            var selector = LabelSelector.Parse("");
            var inbox = Channel.CreateUnbounded<Observation>();
            var reflector = new Reflector<Controller.Kubernetes.Wire.WirePod, Pod>(http, new WatchedKinds(new("linstor.csi.linbit.com", selector), selector).Pods, inbox, TimeProvider.System, NullLogger.Instance);
            using var stop = new CancellationTokenSource();
            var following = reflector.FollowAsync(stop.Token);
            if (await Task.WhenAny(following, inbox.Reader.WaitToReadAsync().AsTask()) == following)
            {
                await following;
            }

            var listed = await inbox.Reader.ReadAsync();
            await stop.CancelAsync();
            await following.ContinueWith(_ => { }, TaskScheduler.Default);
            return listed;
        }
    }

    private sealed class OfficialClient : ClientUnderTest
    {
        public override async Task<object> ListPodsAsync(string kubeConfig)
        {
            using var client = new k8s.Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeConfig));
            var list = await client.CoreV1.ListPodForAllNamespacesAsync(resourceVersion: "0");
            return list.Items
                .Where(pod => pod.Spec.NodeName is not null)
                .Select(pod => new Pod(new(pod.Metadata.NamespaceProperty, pod.Metadata.Name), new(pod.Metadata.Uid), new(pod.Spec.NodeName))
                {
                    Claims = [.. (pod.Spec.Volumes ?? []).Where(volume => volume.PersistentVolumeClaim is not null).Select(volume => new ClaimUse(volume.PersistentVolumeClaim.ClaimName))],
                    OptedIn = true,
                })
                .ToList();
        }
    }
}
