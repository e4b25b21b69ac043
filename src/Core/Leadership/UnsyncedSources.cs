using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>A source that is not synced.</summary>
/// <param name="Source">The source.</param>
/// <param name="Since">When it was lost, or when this process began.</param>
/// <param name="NeverSynced">Whether it was never synced since this process began.</param>
public readonly record struct UnsyncedSource(Source Source, Instant Since, bool NeverSynced)
{
    /// <summary>Whether it prevents a decision. A short loss does not, but a source that was never synced does.</summary>
    public bool KeepsFromDeciding(Instant now) => NeverSynced || now >= Since + LeaseTimings.SourceLostFor;
}

/// <summary>The sources that a decision needs and that are not synced. Immutable; time is an argument.</summary>
public sealed record UnsyncedSources
{
    /// <summary>The sources without which the policy decides nothing. It can do without nodes.</summary>
    public static readonly ImmutableArray<Source> Needed = [Source.Linstor, Source.Pods, Source.Volumes, Source.Attachments, Source.CsiNodes];

    private UnsyncedSources(ImmutableArray<UnsyncedSource> all) => All = all;

    /// <summary>The lost sources, in a fixed order.</summary>
    public ImmutableArray<UnsyncedSource> All { get; }

    /// <summary>When the first of them was lost; null if none is.</summary>
    public Instant? Since => All.Aggregate((Instant?)null, (since, lost) => Instant.Earlier(since, lost.Since));

    /// <summary>The state of a process that begins: no source is synced.</summary>
    public static UnsyncedSources AtStart(Instant now) => new([.. Needed.Select(source => new UnsyncedSource(source, now, NeverSynced: true))]);

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

    /// <summary>The same, with the sources that are synced now.</summary>
    public UnsyncedSources Update(ImmutableHashSet<Source> synced, Instant now)
    {
        var lost = Needed.Where(source => !synced.Contains(source))
            .Select(source => All.FirstOrDefault(one => one.Source == source, new(source, now, NeverSynced: false))).ToImmutableArray();
        return lost.AsSpan().SequenceEqual(All.AsSpan()) ? this : new(lost);
    }
}
