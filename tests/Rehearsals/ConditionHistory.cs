namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>When something was so.</summary>
internal sealed class ConditionHistory
{
    private readonly List<(TimeSpan From, TimeSpan? To)> _spans = [];

    /// <summary>Whether it is so now.</summary>
    public bool IsSo => _spans.Count > 0 && _spans[^1].To is null;

    /// <summary>Since when it is so, or was last.</summary>
    public TimeSpan Since => _spans.Count > 0 ? _spans[^1].From : TimeSpan.MaxValue;

    /// <summary>When it last ceased to be so; null if it never did, or is so now.</summary>
    public TimeSpan? EndedAt => _spans.Count > 0 ? _spans[^1].To : null;

    /// <summary>It is so, or is not, from now on.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Note(TimeSpan now, bool isSo)
    {
        if (isSo == IsSo)
        {
            return false;
        }

        if (isSo)
        {
            _spans.Add((now, null));
        }
        else
        {
            _spans[^1] = (_spans[^1].From, now);
        }

        return true;
    }

    /// <summary>Whether it was so at any moment of that time.</summary>
    public bool Overlaps(TimeSpan from, TimeSpan to) => _spans.Exists(span => span.From <= to && (span.To ?? TimeSpan.MaxValue) >= from);

    /// <summary>Whether it was so all that time.</summary>
    public bool Covers(TimeSpan from, TimeSpan to) => _spans.Exists(span => span.From <= from && (span.To ?? TimeSpan.MaxValue) >= to);

    /// <summary>For how long it was so until now, or until it last was, when interruptions up to <paramref name="unseen"/> count as none, and times at which nobody could tell do not count at all.</summary>
    public TimeSpan LongestUntil(TimeSpan now, TimeSpan unseen, ConditionHistory untold)
    {
        var longest = TimeSpan.Zero;
        for (var i = _spans.Count - 1; i >= 0; i--)
        {
            var interruption = i + 1 < _spans.Count ? untold.Without(_spans[i].To!.Value, _spans[i + 1].From) : TimeSpan.Zero;
            if (interruption > unseen)
            {
                break;
            }

            longest += interruption + ((_spans[i].To ?? now) - _spans[i].From);
        }

        return longest;
    }

    /// <summary>How much of a time is left without those in which it was so.</summary>
    private TimeSpan Without(TimeSpan from, TimeSpan to) => _spans.Aggregate(to - from, (left, span) =>
    {
        var (begin, end) = (span.From > from ? span.From : from, span.To is { } over && over < to ? over : to);
        return end > begin ? left - (end - begin) : left;
    });

    public override string ToString() => _spans.Count == 0 ? "never" : string.Join(", ", _spans.Select(span => $"{span.From.TotalSeconds:0.0} to {span.To?.TotalSeconds:0.0}"));
}
