using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>LINSTOR says whether one replica may be promoted. Perhaps again, and not always newly: it replays to everybody when anybody connects.</summary>
internal sealed record PromotionEvent(ResourceName Resource, NodeName Node, Promotability Promotability);
