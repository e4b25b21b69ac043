namespace Piraeus.HighAvailability.Controller.Tests.Simulator;

/// <summary>How long a test waits for what must happen. It only shows when a test fails.</summary>
internal static class Deadline
{
    public static CancellationToken Soon() => new CancellationTokenSource(TimeSpan.FromSeconds(15)).Token;
}
