using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Limits how many requests are under way at a time, and how many wait for their turn, in order of arrival.</summary>
/// <param name="underWay">How many requests have a turn at a time.</param>
/// <param name="waiting">How many requests may wait for a turn.</param>
/// <param name="slow">How many requests may continue without a turn, because they are not answered promptly.</param>
/// <param name="clock">Measures what is prompt.</param>
/// <remarks>
/// The server may never answer some requests (for example, those of an admission webhook that hangs) and answer all others at once. So turns are for prompt requests: a request gives its turn
/// back after a second, and continues until its own deadline. Requests that were not answered the last time get no more than half of the turns.
/// </remarks>
internal sealed class ConcurrencyLimiter(int underWay, int waiting, int slow, MonotonicClock clock)
{
    /// <summary>How long a request without an answer keeps its turn.</summary>
    public static readonly TimeSpan Prompt = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _room = new(underWay + waiting);
    private readonly SemaphoreSlim _turns = new(underWay);
    private readonly SemaphoreSlim _repeats = new(underWay / 2);
    private readonly SemaphoreSlim _slow = new(slow);

    private MonotonicClock Clock => clock;

    /// <summary>Takes a slot if there is one.</summary>
    /// <param name="wasUnanswered">Whether the same request was not answered the last time, and so may not be again.</param>
    public Slot? TryReserve(bool wasUnanswered = false)
    {
        if (wasUnanswered && !_repeats.Wait(TimeSpan.Zero))
        {
            return null;
        }

        var slot = new Slot(this, wasUnanswered);
        if (_room.Wait(TimeSpan.Zero))
        {
            return slot;
        }

        _ = wasUnanswered ? _repeats.Release() : 0;
        return null;
    }

    /// <summary>A slot that was taken. It ends with <see cref="RunAsync"/>, or with <see cref="GiveUp"/> if it was never used.</summary>
    internal sealed class Slot(ConcurrencyLimiter concurrencyLimiter, bool wasUnanswered)
    {
        public void GiveUp()
        {
            concurrencyLimiter._room.Release();
            _ = wasUnanswered ? concurrencyLimiter._repeats.Release() : 0;
        }

        /// <summary>Waits for the turn and does the work, never on the caller's thread. The slot is free again before this ends.</summary>
        public async Task<T> RunAsync<T>(Func<Task<T>> work, CancellationToken cancellation)
        {
            await concurrencyLimiter._turns.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // queued before this returns, so that turns go in the order of the offers
            var isSlow = false;
            try
            {
                var running = work();
                isSlow = !await IsPromptAsync(running) && concurrencyLimiter._slow.Wait(TimeSpan.Zero, CancellationToken.None);
                if (isSlow)
                {
                    Leave();
                }

                return await running;
            }
            finally
            {
                if (isSlow)
                {
                    concurrencyLimiter._slow.Release();
                }
                else
                {
                    Leave();
                }
            }
        }

        private async Task<bool> IsPromptAsync(Task running)
        {
            if (running.IsCompleted)
            {
                return true;
            }

            using var over = new CancellationTokenSource();
            var first = await Task.WhenAny(running, concurrencyLimiter.Clock.DelayAsync(Prompt, over.Token));
            await over.CancelAsync();
            return first == running;
        }

        private void Leave()
        {
            concurrencyLimiter._turns.Release();
            GiveUp();
        }
    }
}
