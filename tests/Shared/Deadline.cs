namespace Piraeus.HighAvailability.Tests;

/// <summary>How long a test waits for what must happen. It only shows when a test fails.</summary>
internal static class Deadline
{
    public static CancellationToken Soon() => new CancellationTokenSource(TimeSpan.FromSeconds(15)).Token;

    /// <summary>Waits for something that another task does, and fails loudly if it does not.</summary>
    public static Task SoonAsync(this Task task) => task.WaitAsync(TimeSpan.FromMinutes(1));

    /// <inheritdoc cref="SoonAsync(Task)"/>
    public static Task<T> SoonAsync<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromMinutes(1));
}
