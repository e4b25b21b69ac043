using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>The two streams of server-sent events.</summary>
internal sealed class EventsApi(StorageWorld world, WorldClock clock, EventStreams streams, LinstorHazards hazards)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/events/nodes", context => StreamAsync(context, () => streams.SubscribeToNodes()));
        routes.MapGet("/v1/events/drbd/promotion", context =>
        {
            // LINSTOR accepts only this value, in this spelling.
            var replay = context.Request.Headers["Last-Event-ID"] == "current";
            return StreamAsync(context, () => streams.SubscribeToPromotion(world, replay));
        });
    }

    private async Task StreamAsync(HttpContext context, Func<Channel<byte[]>> subscribe)
    {
        context.Response.ContentType = "text/event-stream";
        if (hazards.FailsRegistration)
        {
            await SendAsync(context, EventStreams.Frame("error", Reply.Error(Reply.Code.UnknownError, "Exception thrown.")));
            return;
        }

        if (!hazards.HoldsBackResponseHead)
        {
            await context.Response.StartAsync(context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        var subscriber = clock.Ask(subscribe);
        try
        {
            await foreach (var bytes in subscriber.Reader.ReadAllAsync(context.RequestAborted))
            {
                await SendAsync(context, bytes);
            }

            await EndWithoutFinalChunkAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The subscriber has disconnected, so the response has no receiver.
        }
        finally
        {
            clock.Do(() => streams.Unsubscribe(subscriber));
        }
    }

    /// <summary>LINSTOR never ends a stream properly. Completing the transport's output sends the written data and closes the connection; aborting would lose the data.</summary>
    private static async Task EndWithoutFinalChunkAsync(HttpContext context)
    {
        await context.Features.GetRequiredFeature<IConnectionTransportFeature>().Transport.Output.CompleteAsync();
        await Task.Delay(Timeout.Infinite, context.RequestAborted);
    }

    private static async Task SendAsync(HttpContext context, byte[] bytes)
    {
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
