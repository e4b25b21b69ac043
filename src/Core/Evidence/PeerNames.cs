using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>Tells which node a DRBD connection leads to: connections are named by host, which may differ from the LINSTOR name.</summary>
internal sealed class PeerNames(ImmutableArray<Speaker> speakers, LinstorView linstor)
{
    /// <summary>What a speaker says, or last said, of its connection to a node; null if it never reported one that is known to lead there.</summary>
    public Statement<bool>? LinkFrom(Speaker speaker, NodeName node)
    {
        Statement<bool>? remembered = null;
        foreach (var link in speaker.Links)
        {
            if (OwnerOf(link, speaker) == node)
            {
                if (link.Up.Current)
                {
                    return link.Up;
                }

                remembered ??= link.Up;
            }
        }

        return remembered;
    }

    /// <summary>The node behind a connection's name: by full name, else by short name if only one has it, else by elimination; null if that leaves a doubt.</summary>
    private NodeName? OwnerOf(LinkStatement link, Speaker speaker)
    {
        var others = speakers.Where(other => other.Node != speaker.Node).ToList();
        return Only(others, other => NamesOf(other).Any(name => Same(name, link.Peer)))
            ?? Only(others, other => NamesOf(other).Any(name => Same(Short(name), Short(link.Peer))))
            ?? ByElimination(link, speaker, others);
    }

    // Only what one report contains can be eliminated: behind a name that is one too many is a peer that LINSTOR does not list. And a node whose host name is known
    // has no other; one that reports a connection of that name itself is not the one it leads to.
    private NodeName? ByElimination(LinkStatement link, Speaker speaker, List<Speaker> others)
    {
        var unnamed = others.FindAll(other => other.Presence == Presence.Listed && !speaker.Links.Any(one => one.Up.Current && IsNamed(one, other)));
        return link.Up.Current && speaker.Links.Count(one => one.Up.Current && !others.Exists(other => IsNamed(one, other))) <= unnamed.Count
            ? Only(unnamed, other => linstor.Find(other.Node)?.HostName is null or "" && !other.Links.Any(one => Same(one.Peer, link.Peer)))
            : null;
    }

    private bool IsNamed(LinkStatement link, Speaker other) => NamesOf(other).Any(name => Same(Short(name), Short(link.Peer)));

    private IEnumerable<string> NamesOf(Speaker speaker) =>
        linstor.Find(speaker.Node)?.HostName is { Length: > 0 } host ? [speaker.Node.Value, host] : [speaker.Node.Value];

    private static NodeName? Only(List<Speaker> candidates, Func<Speaker, bool> fits)
    {
        var fitting = candidates.FindAll(candidate => fits(candidate));
        return fitting.Count == 1 ? fitting[0].Node : null;
    }

    private static string Short(string name) => name.Split('.', 2)[0];

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
