using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>A source that is not synced.</summary>
/// <param name="Source">Which.</param>
/// <param name="Since">When it was lost, or when this process began.</param>
/// <param name="NeverSynced">Whether it has not told everything since this process began.</param>
public readonly record struct LostSource(Source Source, Instant Since, bool NeverSynced)
{
    /// <summary>Whether nothing is to be decided because of it. A short loss passes; what was never known is not known yet.</summary>
    public bool KeepsFromDeciding(Instant now) => NeverSynced || now >= Since + LeaseTimings.SourceLostFor;
}

/// <summary>The sources that a decision needs and that are not synced. Immutable; time comes in as an argument.</summary>
public sealed record LostSources
{
    /// <summary>The sources without which the policy decides nothing. It can do without nodes.</summary>
    public static readonly ImmutableArray<Source> Needed = [Source.Linstor, Source.Pods, Source.Volumes, Source.Attachments, Source.CsiNodes];

    private LostSources(ImmutableArray<LostSource> all) => All = all;

    /// <summary>Which, in a fixed order.</summary>
    public ImmutableArray<LostSource> All { get; }

    /// <summary>Since when the first of them is lost; null if none is.</summary>
    public Instant? Since => All.Aggregate((Instant?)null, (since, lost) => Instant.Earlier(since, lost.Since));

    /// <summary>A process that begins has heard of none.</summary>
    public static LostSources AtStart(Instant now) => new([.. Needed.Select(source => new LostSource(source, now, NeverSynced: true))]);

    /// <summary>Whether nothing can be decided.</summary>
    public bool CannotDecide(Instant now)
    {
        foreach (var lost in All)
        {
            if (lost.KeepsFromDeciding(now))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The same after it was seen which sources are synced.</summary>
    public LostSources Update(ImmutableHashSet<Source> synced, Instant now)
    {
        var lost = Needed.Where(source => !synced.Contains(source))
            .Select(source => All.FirstOrDefault(one => one.Source == source, new(source, now, NeverSynced: false))).ToImmutableArray();
        return lost.AsSpan().SequenceEqual(All.AsSpan()) ? this : new(lost);
    }
}
