using System.Collections.Immutable;

namespace Piraeus.HighAvailability.ControlPlane;

/// <content>Waits for what a test expects.</content>
public sealed partial class TestCluster
{
    public Task EventuallyAsync(Func<Task<bool>> condition, string what, double seconds = 20) => EventuallyCoreAsync(condition, what, seconds);

    public Task EventuallyAsync(Func<bool> condition, string what, double seconds = 20) => EventuallyCoreAsync(() => Task.FromResult(condition()), what, seconds);

    /// <summary>Waits until the controllers have deleted exactly these objects; a failure reports the actual deletions.</summary>
    public Task UntilDeletedAsync(params string[] expected) => EventuallyAsync(
        () => Deletions.SequenceEqual(expected.Order(StringComparer.Ordinal)), $"deleted {string.Join(", ", expected)}");

    /// <summary>Waits until a controller has logged such an entry.</summary>
    public Task UntilLoggedAsync(LogEvent kind, params IReadOnlyList<(string Name, string Value)> fields) =>
        EventuallyAsync(() => _controllers.Exists(controller => controller.Logged(kind, fields)), $"a controller logs {kind} {string.Join(' ', fields.Select(field => $"{field.Name}={field.Value}"))}");

    /// <summary>Waits until a controller has logged advice that people are to follow word by word.</summary>
    public Task UntilAdvisedAsync(string text) => EventuallyAsync(() => _controllers.Exists(controller => controller.Entries.Any(entry => entry.Message.Contains(text, StringComparison.Ordinal))), $"a controller advises \"{text}\"");

    /// <summary>Waits until an Event on a pod reports why it was not moved during the whole grace period.</summary>
    public Task UntilHeldAsync(string pod, string because) => EventuallyAsync(
        async () => (await EventsOnAsync("Pod", pod)).Any(held => held.Text("reason") == "FailoverHeld" && held.Text("message")!.Contains(because, StringComparison.Ordinal)),
        $"an Event on pod {pod} that says \"{because}\"");

    /// <summary>
    /// Waits until the controllers have finished their work on an older loss: a bystander on another node loses its storage as well, and has been
    /// moved after the whole grace period.
    /// </summary>
    public async Task BystanderIsMovedAsync()
    {
        await Workloads.StatefulSetAsync("bystander", on: E);
        CutLinks(E);
        await EventuallyAsync(() => Deletions.Contains("pod bystander-0"), "the bystander was moved");
    }

    private async Task EventuallyCoreAsync(Func<Task<bool>> condition, string what, double seconds)
    {
        try
        {
            await World.EventuallyAsync(condition, what, TimeSpan.FromSeconds(seconds));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}\nDeleted: {string.Join(", ", Deletions)}\n{string.Concat(_controllers.Select(controller => controller.LogTail()))}");
        }
    }
}
