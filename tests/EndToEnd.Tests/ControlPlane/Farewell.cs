using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.EndToEnd.Tests.ControlPlane;

/// <summary>Takes a world down in the order in which nothing grows back.</summary>
internal sealed class Farewell(World world)
{
    public async Task RunAsync(CancellationToken cancellation)
    {
        world.Attacher.Resume();
        // The namespace controller removes what makes pods, but waits for the pods, and those of dead nodes for ever.
        await world.Api.DeleteAsync($"{Paths.Namespaces}/{world.Namespace}", cancellation);
        var nodes = world.Nodes.ToHashSet();
        await AllAsync(Paths.Nodes, node => nodes.Contains(node.Name), cancellation);
        await AllAsync(Paths.CsiNodes, node => nodes.Contains(node.Name), cancellation);
        await AllAsync(Paths.NodeLeases, lease => nodes.Contains(lease.Name), cancellation);
        while (true)
        {
            await AllAsync(Paths.Pods(world.Namespace), _ => true, cancellation);
            await AllAsync(Paths.Attachments, attachment => attachment.NodeName is { } node && nodes.Contains(node), cancellation);
            await AllAsync(Paths.Volumes, volume => volume.Text("spec", "claimRef", "namespace") == world.Namespace, cancellation);
            if (await world.Api.FindAsync($"{Paths.Namespaces}/{world.Namespace}", cancellation) is null && Left.Count == 0)
            {
                return;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
        }
    }

    private List<JsonNode> Left =>
        [.. world.View.Volumes.Items.Where(volume => volume.Text("spec", "claimRef", "namespace") == world.Namespace), .. world.View.Attachments.Items];

    private async Task AllAsync(string path, Func<JsonNode, bool> which, CancellationToken cancellation)
    {
        var found = await world.Api.ListAsync(path, cancellation);
        await Task.WhenAll(found.Where(which).Select(item => world.Api.ForceDeleteAsync($"{path}/{item.Name}", item.Uid, cancellation)));
    }
}
