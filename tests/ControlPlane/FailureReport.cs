using System.Text;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The state of a test's objects, for a failure's message.</summary>
public static class FailureReport
{
    public static async Task<string> OfAsync(TestNamespace world, CancellationToken cancellation)
    {
        var text = new StringBuilder().AppendLine();
        Section(text, "pods", world.View.Pods.Items.Select(pod =>
            $"{pod.Key} {pod.Text("status", "phase")}{(pod.IsTerminating ? " (terminating)" : "")} on {pod.NodeName ?? "no node"}"));
        Section(text, "attachments", world.View.Attachments.Items.Select(attachment =>
            $"{attachment.AttachedVolume} on {attachment.NodeName}: {(attachment.IsAttached ? "attached" : "not attached")}{(attachment.IsTerminating ? " (terminating)" : "")}"));
        Section(text, "nodes", world.View.Nodes.Items.Select(node =>
            $"{node.Name}: taints [{string.Join(", ", node.TaintKeys)}], volumes in use [{string.Join(", ", node.VolumesInUse)}]"));
        Section(text, "events", (await world.Api.ListAsync(Paths.Events(world.Namespace), cancellation)).Select(Sentence));
        Section(text, "the last writes", world.Plane.Audit.Writes().TakeLast(20).Select(write => write.ToString()));
        Section(text, "faults of the fakes", world.Faults.Seen.Select(fault => fault.ToString()));
        return text.Append(world.Plane.LogTails()).ToString();
    }

    private static string Sentence(JsonNode happened) =>
        $"{happened.Text("lastTimestamp") ?? happened.Text("eventTime")} {happened.Text("involvedObject", "kind")} {happened.Text("involvedObject", "name")} "
        + $"{happened.Text("reason")}: {happened.Text("message")}";

    private static void Section(StringBuilder text, string title, IEnumerable<string> lines)
    {
        text.Append("--- ").AppendLine(title);
        foreach (var line in lines)
        {
            text.Append("  ").AppendLine(line);
        }
    }
}
