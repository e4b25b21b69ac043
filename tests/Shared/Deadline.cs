namespace Piraeus.HighAvailability.Tests;

/// <summary>The time limit for expected events in tests. It matters only when a test fails.</summary>
internal static class Deadline
{
    public static CancellationToken Soon() => new CancellationTokenSource(TimeSpan.FromSeconds(15)).Token;

    /// <summary>Waits for another task's event, and fails with an exception if it does not occur.</summary>
    public static Task SoonAsync(this Task task) => task.WaitAsync(TimeSpan.FromMinutes(1));

    /// <inheritdoc cref="SoonAsync(Task)"/>
    public static Task<T> SoonAsync<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromMinutes(1));
}
