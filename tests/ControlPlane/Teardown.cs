using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>Deletes a test's objects in an order in which controllers do not recreate them.</summary>
internal sealed class Teardown(TestNamespace world)
{
    public async Task RunAsync(CancellationToken cancellation)
    {
        world.Attacher.Resume();
        foreach (var cause in new[] { Paths.StatefulSets(world.Namespace), Paths.Deployments(world.Namespace), Paths.ReplicaSets(world.Namespace) })
        {
            await AllAsync(cause, _ => true, cancellation);
        }
        var nodes = world.Nodes.ToHashSet();
        await AllAsync(Paths.Nodes, node => nodes.Contains(node.Name), cancellation);
        await AllAsync(Paths.CsiNodes, node => nodes.Contains(node.Name), cancellation);
        await AllAsync(Paths.NodeLeases, lease => nodes.Contains(lease.Name), cancellation);
        while (Left.Count > 0)
        {
            await AllAsync(Paths.Pods(world.Namespace), _ => true, cancellation);
            // A terminating object waits for a finalizer; deleting it again has no effect.
            await AllAsync(Paths.Claims(world.Namespace), claim => !claim.IsTerminating, cancellation);
            await AllAsync(Paths.Volumes, volume => !volume.IsTerminating && IsOurs(volume), cancellation);
            await AllAsync(Paths.Attachments, attachment => !attachment.IsTerminating && attachment.NodeName is { } node && nodes.Contains(node), cancellation);
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
        }
        // The namespace controller waits five seconds before it processes a namespace; the teardown does not wait for it.
        await world.Api.DeleteAsync($"{Paths.Namespaces}/{world.Namespace}", cancellation);
    }

    private List<JsonNode> Left => [.. world.View.Pods.Items, .. world.View.Volumes.Items.Where(IsOurs), .. world.View.Attachments.Items];

    private bool IsOurs(JsonNode volume) => volume.Text("spec", "claimRef", "namespace") == world.Namespace;

    private async Task AllAsync(string path, Func<JsonNode, bool> which, CancellationToken cancellation)
    {
        var found = await world.Api.ListAsync(path, cancellation);
        await Task.WhenAll(found.Where(which).Select(item => world.Api.ForceDeleteAsync($"{path}/{item.Name}", item.Uid, cancellation)));
    }
}
