using System.Threading.Channels;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests;

/// <summary>The inbox of a test: what was told is taken out one by one.</summary>
internal static class Inbox
{
    public static Channel<Observation> Create(int capacity = 1024) => Channel.CreateBounded<Observation>(capacity);

    /// <summary>The next observation, which must be of that kind.</summary>
    public static async Task<T> NextAsync<T>(this Channel<Observation> inbox)
        where T : Observation =>
        Assert.IsType<T>(await inbox.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1)));

    /// <summary>Waits until a task has ended because it was asked to.</summary>
    public static async Task CancelledAsync(this Task task) => await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.SoonAsync());
}
