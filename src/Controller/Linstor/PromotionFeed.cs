using System.Threading.Channels;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Tells the inbox what LINSTOR's promotion stream says, and nothing more: LINSTOR waits for its readers.</summary>
internal sealed class PromotionFeed(PromotionStream stream, ChannelWriter<Observation> inbox)
{
    /// <summary>Follows one connection to its end.</summary>
    public async Task FollowAsync(CancellationToken cancellation)
    {
        await foreach (var change in stream.ReadAsync(cancellation))
        {
            await inbox.WriteAsync(new Observation.Promotion(change.Resource, change.Node, change.Promotability), cancellation);
        }
    }
}
