using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>LINSTOR's report whether one replica may be promoted. It may be a repetition: LINSTOR replays its state to all subscribers whenever one connects.</summary>
internal sealed record PromotionEvent(ResourceName Resource, NodeName Node, Promotability Promotability);

/// <summary>LINSTOR's promotion events: the present state first, then each change.</summary>
internal sealed partial class PromotionStream(LinstorConnection connection, ILogger<PromotionStream> logger)
{
    private const string Path = "/v1/events/drbd/promotion";

    /// <summary>Reads one connection until LINSTOR ends it. The caller chooses when to connect again, and the connection chooses the LINSTOR controller.</summary>
    /// <remarks>
    /// The consumer must only hand events over: LINSTOR writes them while it holds locks of its own, and a subscriber that does not read can stall it. Silence is normal; TCP keep-alive finds a
    /// connection whose other end is gone.
    /// </remarks>
    /// <exception cref="LinstorException">The stream could not be opened, broke, or could not be parsed.</exception>
    public async IAsyncEnumerable<PromotionEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var controllerSession = await connection.LivingAsync(cancellation);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, controllerSession.Left);
        await using var messages = MessagesAsync(controllerSession.Address, either.Token).GetAsyncEnumerator(either.Token);
        while (await NextAsync(messages, controllerSession, cancellation))
        {
            switch (messages.Current)
            {
                case PromotionMessage.Changed change:
                    yield return change.Event;
                    break;
                case PromotionMessage.Malformed flawed:
                    Skipped(controllerSession.Address, flawed.Flaw);
                    break;
                case PromotionMessage.Failed failed:
                    throw new LinstorException(
                        LinstorFailure.ServerError, $"LINSTOR controller {controllerSession.Address} ended {Path} with an error. It says: {failed.Message}");
            }
        }
    }

    private async IAsyncEnumerable<PromotionMessage> MessagesAsync(ControllerAddress at, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await connection.OpenAsync(at, Path, cancellation);
        Following(at);
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        await foreach (var message in PromotionMessage.ReadAsync(body, cancellation))
        {
            yield return message;
        }
    }

    /// <summary>Moves to the next message, and turns the exceptions of a broken connection into a <see cref="LinstorException"/>.</summary>
    private static async Task<bool> NextAsync(IAsyncEnumerator<PromotionMessage> messages, ControllerSession controllerSession, CancellationToken cancellation)
    {
        try
        {
            return await messages.MoveNextAsync();
        }
        catch (OperationCanceledException) when (controllerSession.Left.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new LinstorException(LinstorFailure.Unreachable, $"LINSTOR controller {controllerSession.Address} was left for another, and its stream with it.");
        }
        catch (InvalidDataException oversized)
        {
            throw new LinstorException(
                LinstorFailure.Unreadable, $"LINSTOR controller {controllerSession.Address} sent no stream of events on {Path}: {oversized.Message}.", oversized);
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException)
        {
            throw LinstorException.Unreachable(controllerSession.Address, Path, broken);
        }
    }

    [LoggerMessage(305, LogLevel.Information, "Following the promotion events of LINSTOR controller {Controller}.")]
    private partial void Following(ControllerAddress controller);

    [LoggerMessage(302, LogLevel.Warning, "Skipped a promotion event of LINSTOR controller {Controller}: {Flaw}.")]
    private partial void Skipped(ControllerAddress controller, string flaw);
}

/// <summary>Writes LINSTOR's promotion events to the inbox, and does nothing else, because LINSTOR waits for its readers.</summary>
/// <param name="stream">The stream.</param>
/// <param name="inbox">Where its events go.</param>
/// <param name="onEvent">Called with each event: the stream is open.</param>
internal sealed class PromotionFeed(PromotionStream stream, ChannelWriter<Observation> inbox, Action onEvent)
{
    /// <summary>Reads one connection to its end.</summary>
    public async Task FollowAsync(CancellationToken cancellation)
    {
        await foreach (var change in stream.ReadAsync(cancellation))
        {
            onEvent();
            await inbox.WriteAsync(new Observation.PromotionChanged(change.Resource, change.Node, change.Promotability), cancellation);
        }
    }
}
