using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>A resource's speakers as LINSTOR reaches them at one moment: which ones speak, and which node a DRBD connection leads to.</summary>
/// <remarks>Connections are named by host, which may differ from the LINSTOR name. A linear search is faster than any index, because resources have few speakers.</remarks>
internal sealed class ResourceView
{
    private readonly ImmutableArray<Speaker> _speakers;
    private readonly bool[] _speaks;
    private readonly string?[] _hosts;
    private readonly int?[]?[] _owners; // by speaker and link, once needed

    public ResourceView(ImmutableArray<Speaker> speakers, LinstorView linstor)
    {
        (_speakers, Linstor) = (speakers, linstor);
        (_speaks, _hosts, _owners) = (new bool[speakers.Length], new string?[speakers.Length], new int?[speakers.Length][]);
        for (var i = 0; i < speakers.Length; i++)
        {
            var satellite = linstor.Find(speakers[i].Node);
            (_speaks[i], _hosts[i]) = (speakers[i].Speaks(linstor, satellite?.State), satellite?.HostName is { Length: > 0 } host ? host : null);
        }
    }

    /// <summary>LINSTOR at that moment.</summary>
    public LinstorView Linstor { get; }

    /// <summary>Whether a speaker speaks, so that its statements are current.</summary>
    public bool Speaks(Speaker speaker) => _speaks[IndexOf(speaker.Node)];

    /// <summary>A speaker's current or last statement about its connection to a node; null if it never reported one that is known to lead there.</summary>
    public Statement<bool>? LinkFrom(Speaker speaker, NodeName node)
    {
        Statement<bool>? remembered = null;
        var index = IndexOf(speaker.Node);
        var owners = !ReferenceEquals(_speakers[index], speaker) ? OwnersOf(speaker) // a node that an answer lists twice
            : _owners[index] ??= OwnersOf(speaker);
        for (var i = 0; i < owners.Length; i++)
        {
            if (owners[i] is { } owner && _speakers[owner].Node == node)
            {
                var up = speaker.Links[i].Up;
                if (up.Current)
                {
                    return up;
                }

                remembered ??= up;
            }
        }

        return remembered;
    }

    private int?[] OwnersOf(Speaker speaker)
    {
        var owners = new int?[speaker.Links.Length];
        for (var i = 0; i < owners.Length; i++)
        {
            owners[i] = OwnerOf(speaker.Links[i], speaker);
        }

        return owners;
    }

    /// <summary>The speaker behind a connection's name: by full name, else by short name if only one has it, else by elimination; null if ambiguous.</summary>
    private int? OwnerOf(LinkStatement link, Speaker speaker) => ByFullName(link, speaker) is >= 0 and var owner ? owner : ByShortName(link, speaker) ?? ByElimination(link, speaker);

    private int? ByFullName(LinkStatement link, Speaker speaker)
    {
        int? owner = null;
        for (var i = 0; i < _speakers.Length; i++)
        {
            if (_speakers[i].Node != speaker.Node && (Same(_speakers[i].Node.Value, link.Peer) || (_hosts[i] is { } host && Same(host, link.Peer))))
            {
                owner = owner is null ? i : -1;
            }
        }

        return owner;
    }

    private int? ByShortName(LinkStatement link, Speaker speaker) => Only(speaker, i => IsNamed(link, i));

    // Elimination works only within one report: if it has one name too many, LINSTOR does not list one of the peers. A node whose host name is known has no other name, and a node that itself
    // reports a connection of that name is not its target.
    private int? ByElimination(LinkStatement link, Speaker speaker)
    {
        if (!link.Up.Current)
        {
            return null;
        }

        var current = speaker.Links.Where(one => one.Up.Current).ToList();
        bool IsUnnamed(int i) => _speakers[i].Presence == Presence.Listed && !current.Exists(one => IsNamed(one, i));
        var (unknown, unnamed) = (0, 0);
        for (var i = 0; i < _speakers.Length; i++)
        {
            unnamed += _speakers[i].Node != speaker.Node && IsUnnamed(i) ? 1 : 0;
        }

        unknown = current.Count(one => ByShortName(one, speaker) is null);
        return unknown <= unnamed ? Only(speaker, i => IsUnnamed(i) && _hosts[i] is null && !_speakers[i].Links.Any(one => Same(one.Peer, link.Peer))) : null;
    }

    /// <summary>Whether two host names agree, ignoring domains.</summary>
    internal static bool IsSameHost(string one, string other) => Same(Short(one), Short(other));

    private bool IsNamed(LinkStatement link, int i) =>
        IsSameHost(_speakers[i].Node.Value, link.Peer) || (_hosts[i] is { } host && IsSameHost(host, link.Peer));

    private int? Only(Speaker speaker, Func<int, bool> fits)
    {
        int? only = null;
        for (var i = 0; i < _speakers.Length; i++)
        {
            if (_speakers[i].Node != speaker.Node && fits(i))
            {
                if (only is not null)
                {
                    return null;
                }

                only = i;
            }
        }

        return only;
    }

    private int IndexOf(NodeName node)
    {
        for (var i = 0; i < _speakers.Length; i++)
        {
            if (_speakers[i].Node == node)
            {
                return i;
            }
        }

        throw new ArgumentException($"{node} is no speaker of the resource", nameof(node));
    }

    private static ReadOnlySpan<char> Short(string name) => name.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? name.AsSpan(0, dot) : name;

    private static bool Same(ReadOnlySpan<char> one, ReadOnlySpan<char> other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
