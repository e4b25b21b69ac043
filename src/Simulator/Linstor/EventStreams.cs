using System.Text;
using System.Threading.Channels;
using Piraeus.HighAvailability.Simulator.World;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>The subscribers of LINSTOR's events. All methods run under the world's lock; each subscriber has an unbounded queue.</summary>
internal sealed class EventStreams
{
    private readonly List<Channel<byte[]>> _toPromotion = [];
    private readonly List<Channel<byte[]>> _toNodes = [];
    private readonly LinstorHazards _hazards;

    public EventStreams(StorageWorld world, LinstorHazards hazards)
    {
        _hazards = hazards;
        world.Knowledge.Changed += changed => Send(_toPromotion, Frame("may-promote-change", PromotionJson.Of(changed)));
        world.NodeChanged += changed => Send(_toNodes, Frame(changed.Name, NodeJson.Of(changed)));
    }

    public int Count => _toPromotion.Count + _toNodes.Count;

    /// <summary>One event's bytes: two lines and an empty one.</summary>
    public static byte[] Frame(string name, byte[] data) => [.. Encoding.UTF8.GetBytes($"event: {name}\ndata: "), .. data, (byte)'\n', (byte)'\n'];

    public Channel<byte[]> SubscribeToNodes() => Subscribe(_toNodes);

    /// <summary>Subscribes to promotion events.</summary>
    /// <param name="replay">Whether to send the current state first, to all subscribers and not only to this one.</param>
    public Channel<byte[]> SubscribeToPromotion(StorageWorld world, bool replay)
    {
        var subscriber = Subscribe(_toPromotion);
        if (replay)
        {
            var present = world.Definitions.Where(definition => definition.IsDrbd).SelectMany(definition => definition.Listed)
                .Select(replica => new PromotionEvent(replica.Definition.Name, replica.Node.Name, world.Knowledge.About(replica)?.MayPromote)).ToList();
            _hazards.TakeDuringReplay()?.Invoke(world);
            present.ForEach(state => Send(_toPromotion, Frame("may-promote-change", PromotionJson.Of(state))));
        }

        return subscriber;
    }

    public void Unsubscribe(Channel<byte[]> subscriber)
    {
        _toPromotion.Remove(subscriber);
        _toNodes.Remove(subscriber);
    }

    /// <summary>Ends all streams, each after the events in its queue.</summary>
    public void Cut()
    {
        foreach (var subscriber in _toPromotion.Concat(_toNodes))
        {
            subscriber.Writer.TryComplete();
        }
    }

    private static Channel<byte[]> Subscribe(List<Channel<byte[]>> subscribers)
    {
        var subscriber = Channel.CreateUnbounded<byte[]>();
        subscribers.Add(subscriber);
        return subscriber;
    }

    private void Send(List<Channel<byte[]>> subscribers, byte[] bytes)
    {
        if (!_hazards.StreamsAreDeaf)
        {
            var sent = _hazards.Garbage ? Frame("may-promote-change", "<html>502 Bad Gateway"u8.ToArray()) : bytes;
            subscribers.ForEach(subscriber => subscriber.Writer.TryWrite(sent));
        }
    }
}

/// <summary>The data of promotion events.</summary>
internal static class PromotionJson
{
    public static byte[] Of(PromotionEvent changed) => Json.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("resource_name", changed.Resource);
        json.WriteString("node_name", changed.Node);
        json.WriteIfKnown("may_promote", changed.MayPromote);
        json.WriteEndObject();
    });
}
