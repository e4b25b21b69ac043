namespace Piraeus.HighAvailability.Rehearsals;

/// <summary>The time spans in which a condition held.</summary>
internal sealed class ConditionHistory
{
    private readonly List<(TimeSpan From, TimeSpan? To)> _spans = [];

    /// <summary>Whether the condition holds now.</summary>
    public bool IsSo => _spans.Count > 0 && _spans[^1].To is null;

    /// <summary>When the current or last span began; <see cref="TimeSpan.MaxValue"/> if the condition has never held.</summary>
    public TimeSpan Since => _spans.Count > 0 ? _spans[^1].From : TimeSpan.MaxValue;

    /// <summary>When the condition last ceased to hold; null if it never did, or if it holds now.</summary>
    public TimeSpan? EndedAt => _spans.Count > 0 ? _spans[^1].To : null;

    /// <summary>Records whether the condition holds from now on.</summary>
    /// <returns>Whether the value has changed.</returns>
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

    /// <summary>Whether the condition held at any moment of the interval.</summary>
    public bool Overlaps(TimeSpan from, TimeSpan to) => _spans.Exists(span => span.From <= to && (span.To ?? TimeSpan.MaxValue) >= from);

    /// <summary>Whether the condition held during the whole interval.</summary>
    public bool Covers(TimeSpan from, TimeSpan to) => _spans.Exists(span => span.From <= from && (span.To ?? TimeSpan.MaxValue) >= to);

    /// <summary>The length of the current or last span. Merges spans separated by at most <paramref name="unseen"/>; an interruption does not include time within one of <paramref name="untold"/>.</summary>
    public TimeSpan LongestUntil(TimeSpan now, TimeSpan unseen, params ReadOnlySpan<ConditionHistory> untold)
    {
        var longest = TimeSpan.Zero;
        for (var i = _spans.Count - 1; i >= 0; i--)
        {
            var interruption = TimeSpan.Zero;
            if (i + 1 < _spans.Count)
            {
                interruption = _spans[i + 1].From - _spans[i].To!.Value;
                foreach (var history in untold)
                {
                    var told = history.Without(_spans[i].To!.Value, _spans[i + 1].From);
                    interruption = told < interruption ? told : interruption;
                }
            }

            if (interruption > unseen)
            {
                break;
            }

            longest += interruption + ((_spans[i].To ?? now) - _spans[i].From);
        }

        return longest;
    }

    /// <summary>The part of an interval in which the condition did not hold.</summary>
    private TimeSpan Without(TimeSpan from, TimeSpan to) => _spans.Aggregate(to - from, (left, span) =>
    {
        var (begin, end) = (span.From > from ? span.From : from, span.To is { } over && over < to ? over : to);
        return end > begin ? left - (end - begin) : left;
    });

    public override string ToString() => _spans.Count == 0 ? "never" : string.Join(", ", _spans.Select(span => $"{span.From.TotalSeconds:0.0} to {span.To?.TotalSeconds:0.0}"));
}
