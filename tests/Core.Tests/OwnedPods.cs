namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>Pods that a controller brings back.</summary>
internal static class OwnedPods
{
    /// <summary>The controller that brings the app's pod back.</summary>
    public static readonly Owner Set = new("apps/v1", "StatefulSet", "app", new("uid-set"));

    /// <summary>The app's pod has just been moved, because node a lost power.</summary>
    public static Scenario Lost() => Scenario.WithAppOn("a").Pod("app-0", "a", Owned).PowerOff("a").After(45.01);

    /// <summary>The pod, with a controller.</summary>
    public static Pod Owned(Pod pod) => pod with { Owner = Set };

    /// <summary>The pod, with a controller, and running.</summary>
    public static Pod Runs(Pod pod) => Owned(pod) with { Running = true };
}
