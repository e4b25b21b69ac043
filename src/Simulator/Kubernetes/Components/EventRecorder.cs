using System.Globalization;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <summary>Writes Kubernetes Events; a repeated event increases the count of the existing one.</summary>
internal sealed class EventRecorder(KubernetesWorld world)
{
    private readonly Dictionary<(string Uid, string Component, string Reason, string Message), Event> _recorded = [];

    public void Normal(string component, KubernetesObject about, string reason, string message) => Record(component, about, "Normal", reason, message);

    public void Warn(string component, KubernetesObject about, string reason, string message) => Record(component, about, "Warning", reason, message);

    public void Record(string component, KubernetesObject about, string type, string reason, string message)
    {
        if (!world.RecordsEvents)
        {
            return;
        }

        var key = (about.Metadata.Uid, component, reason, message);
        if (_recorded.TryGetValue(key, out var recorded) && world.Store.Now(recorded) is { } again)
        {
            _ = world.Store.Update(again with { Count = again.Count + 1, Last = world.Clock });
            return;
        }

        // The name is the object's with a unique number; client-go uses the time instead.
        var number = (_recorded.Count + 1).ToString("x16", CultureInfo.InvariantCulture);
        var space = about.Metadata.Namespace is { Length: > 0 } own ? own : "default";
        var happened = new Event(new(space, $"{about.Metadata.Name}.{number}"), EventTarget.Of(about), type, reason, message) { Component = component, First = world.Clock, Last = world.Clock };
        _ = world.Store.Create(happened, out var stored);
        _recorded[key] = stored;
    }
}
