using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Leadership;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Turns decisions into requests, many at a time, and tells how each ended.</summary>
internal sealed partial class Actuator(
    KubernetesClient kubernetes,
    NodeClient nodes,
    LinstorClient linstor,
    LeaseHold hold,
    EventRecorder events,
    RateLimiter limit,
    ChannelWriter<Observation> inbox,
    MonotonicClock clock,
    bool dryRun,
    ILogger<Actuator> logger)
{
    /// <summary>A decision that had to wait for longer no longer rests on fresh evidence, and is made anew.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private static readonly Outcome Late = new(Answer.TimedOut, "waited for too long to be acted upon");

    private readonly SemaphoreSlim _questions = new(16);
    private readonly SemaphoreSlim _actions = new(32);
    private readonly ConcurrentDictionary<Task, byte> _running = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes a decision on, without waiting for anything.</summary>
    /// <returns>False if we are not the one to act on it.</returns>
    public bool Offer(Decision decision)
    {
        var isQuestion = decision is Decision.Consult or Decision.CountPods;
        if (_stopping.IsCancellationRequested || (!isQuestion && !hold.Covers(KubernetesClient.ActDeadline)))
        {
            return false;
        }

        var offered = clock.Now;
        var task = Task.Run(() => CarryOutAsync(decision, offered, isQuestion ? _questions : _actions));
        _running.TryAdd(task, 0);
        _ = task.ContinueWith(done => _running.TryRemove(done, out _), TaskScheduler.Default);
        return true;
    }

    /// <summary>Ends only if carrying out a decision failed in a way that nobody foresaw.</summary>
    public Task RunAsync(CancellationToken cancellation) => _broken.Task.WaitAsync(cancellation);

    /// <summary>Takes nothing more on, and waits for what is under way.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        await _stopping.CancelAsync();
        await Task.WhenAny(Task.WhenAll(_running.Keys), Task.Delay(patience));
    }

    private async Task CarryOutAsync(Decision decision, Instant offered, SemaphoreSlim slots)
    {
        try
        {
            await slots.WaitAsync(_stopping.Token);
            try
            {
                await inbox.WriteAsync(await AnswerAsync(decision, offered), _stopping.Token);
            }
            finally
            {
                slots.Release();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Nobody is left to be told.
        }
        catch (Exception bug)
        {
            _broken.TrySetException(bug);
        }
    }

    private async Task<Observation> AnswerAsync(Decision decision, Instant offered)
    {
        try
        {
            return decision switch
            {
                Decision.Consult o => new Observation.Reported(await linstor.ReportAsync(o.Resource, _stopping.Token)),
                Decision.CountPods o => new Observation.Counted(o.Node, await kubernetes.PodsOnAsync(o.Node, _stopping.Token), offered),
                _ => new Observation.Acted(decision, await ActAsync(decision, offered)),
            };
        }
        catch (Exception weather) when (weather is LinstorException or KubernetesException or HttpRequestException or TimeoutException or IOException or JsonException)
        {
            CouldNotAsk(Sentences.Of(decision), weather.Message);
            return new Observation.Acted(decision, new(Answer.Refused, weather.Message));
        }
    }

    private async Task<Outcome> ActAsync(Decision decision, Instant offered)
    {
        var sentence = Sentences.Of(decision);
        if (dryRun)
        {
            WouldAct(sentence);
            return new(Answer.DryRun);
        }

        // Asked before a permit is spent, and once more after: the decision may have waited for either turn.
        if (!MayAct(offered))
        {
            return Late;
        }

        using var permit = await limit.AcquireAsync(cancellationToken: _stopping.Token);
        if (!MayAct(offered))
        {
            return Late;
        }

        Acting(sentence);
        var outcome = decision switch
        {
            Decision.DeletePod o => await kubernetes.DeleteAsync(o.Pod, CancellationToken.None),
            Decision.Detach o => await kubernetes.DeleteAsync(o.Attachment, CancellationToken.None),
            Decision.Taint o => await nodes.TaintAsync(o.Node.Name, CancellationToken.None),
            Decision.Untaint o => await nodes.UntaintAsync(o.Node.Name, CancellationToken.None),
            Decision.Release o => await nodes.ReleaseAsync(o.Node.Name, o.Volumes.ToHashSet(), CancellationToken.None),
            _ => throw new ArgumentOutOfRangeException(nameof(decision)),
        };

        if (outcome.Answer == Answer.Accepted)
        {
            events.Happened(decision);
        }
        else
        {
            Failed(outcome.Answer is Answer.AlreadyGone or Answer.Replaced ? LogLevel.Information : LogLevel.Warning, sentence, outcome.Answer, outcome.Message);
        }

        return outcome;
    }

    private bool MayAct(Instant offered) => hold.Covers(KubernetesClient.ActDeadline) && clock.Now - offered <= LongestWait;

    [LoggerMessage(100, LogLevel.Information, "{Sentence}")]
    private partial void Acting(string sentence);

    [LoggerMessage(101, LogLevel.Information, "Dry run, not done: {Sentence}")]
    private partial void WouldAct(string sentence);

    [LoggerMessage(EventId = 102, Message = "{Sentence} The answer was {Answer}: {Message}")]
    private partial void Failed(LogLevel level, string sentence, Answer answer, string? message);

    [LoggerMessage(103, LogLevel.Warning, "{Sentence} There was no answer: {Reason}")]
    private partial void CouldNotAsk(string sentence, string reason);
}
