using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Piraeus.HighAvailability.Controller.Linstor.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>One message of LINSTOR's promotion stream, understood or not.</summary>
internal abstract record PromotionMessage
{
    /// <summary>The longest event, in one line or in many. LINSTOR's events have about a hundred bytes, and an error report a few thousand, so a longer one is not LINSTOR's.</summary>
    private const int LongestEvent = 1 << 20;

    private PromotionMessage()
    {
    }

    /// <summary>An event that we asked for.</summary>
    public sealed record Changed(PromotionEvent Event) : PromotionMessage;

    /// <summary>LINSTOR ends this stream.</summary>
    public sealed record Failed(string Message) : PromotionMessage;

    /// <summary>An event that we asked for, but cannot parse.</summary>
    public sealed record Malformed(string Flaw) : PromotionMessage;

    /// <summary>An event with an unknown name, as a newer LINSTOR may send.</summary>
    public sealed record Ignored : PromotionMessage;

    /// <summary>Reads messages as they arrive, until the stream ends. A message that the end cuts off is dropped, as the standard requires.</summary>
    /// <exception cref="InvalidDataException">A line or an event exceeds the limit.</exception>
    public static async IAsyncEnumerable<PromotionMessage> ReadAsync(Stream body, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var capped = new EventSizeLimit(body, LongestEvent);
        await foreach (var item in SseParser.Create(capped, Parse).EnumerateAsync(cancellation))
        {
            yield return item.Data;
        }
    }

    private static PromotionMessage Parse(string name, ReadOnlySpan<byte> data) => name switch
    {
        "may-promote-change" => Change(data),
        "error" => new Failed(ReturnCodes.Message(data) ?? "no reason given"),
        _ => new Ignored(),
    };

    private static PromotionMessage Change(ReadOnlySpan<byte> data)
    {
        try
        {
            return JsonSerializer.Deserialize(data, LinstorJson.Default.WirePromotion) switch
            {
                { ResourceName: { Length: > 0 } resource, NodeName: { Length: > 0 } node } change =>
                    new Changed(new PromotionEvent(new ResourceName(resource), new NodeName(node), LinstorTranslation.Promotability(change.MayPromote))),
                { NodeName.Length: > 0 } => new Malformed("it has no resource_name"),
                _ => new Malformed("it has no node_name"),
            };
        }
        catch (JsonException wrong)
        {
            return new Malformed($"its {data.Length} bytes of data are not the expected JSON at {wrong.Path ?? "$"}");
        }
    }
}
