using Piraeus.HighAvailability.Controller.Control;

namespace Piraeus.HighAvailability.Controller.Tests.Control;

public sealed class LoopSupervisorTests
{
    [Fact]
    public async Task A_loop_that_returns_ends_all()
    {
        var other = new TaskCompletionSource();
        var ended = await Assert.ThrowsAsync<LoopEndedException>(() => LoopSupervisor.RunAsync([("good", Forever(other)), ("bad", _ => Task.CompletedTask)], default).SoonAsync());
        Assert.Equal("the loop \"bad\" ended", ended.Message);
        Assert.True(other.Task.IsCompleted);
    }

    [Fact]
    public async Task A_loop_that_throws_ends_all_and_its_reason_is_kept()
    {
        var other = new TaskCompletionSource();
        var ended = await Assert.ThrowsAsync<LoopEndedException>(
            () => LoopSupervisor.RunAsync([("good", Forever(other)), ("bad", _ => throw new InvalidOperationException("a bug"))], default).SoonAsync());
        Assert.Equal(("the loop \"bad\" ended", "a bug"), (ended.Message, ended.InnerException?.Message));
        Assert.True(other.Task.IsCompleted);
    }

    [Fact]
    public async Task A_loop_that_cancels_itself_has_ended_like_any_other() => await Assert.ThrowsAsync<LoopEndedException>(
        () => LoopSupervisor.RunAsync([("bad", _ => Task.FromCanceled(new CancellationToken(true))), ("good", Forever(new()))], default).SoonAsync());

    [Fact]
    public async Task Being_asked_to_stop_is_no_error_however_the_loops_end()
    {
        using var stop = new CancellationTokenSource();
        var running = LoopSupervisor.RunAsync(
            [
                ("waits", Forever(new())),
                ("returns", async cancellation => await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing)),
            ],
            stop.Token);
        await stop.CancelAsync();
        await running.SoonAsync();
    }

    private static Func<CancellationToken, Task> Forever(TaskCompletionSource ended) => async cancellation =>
    {
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        finally
        {
            ended.SetResult();
        }
    };
}
