using System.Globalization;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>A selector's requirement on one label. A missing label fulfils the negative forms and no other.</summary>
internal sealed record LabelRequirement(string Key, LabelOperator Operator, IReadOnlyList<string> Values)
{
    public bool Holds(IReadOnlyDictionary<string, string> labels)
    {
        var value = labels.GetValueOrDefault(Key);
        return Operator switch
        {
            LabelOperator.Exists => value is not null,
            LabelOperator.Missing => value is null,
            LabelOperator.Equal or LabelOperator.In => value is not null && Values.Contains(value),
            LabelOperator.NotEqual or LabelOperator.NotIn => value is null || !Values.Contains(value),
            LabelOperator.Above => Integer(value) > Integer(Values[0]),
            _ => Integer(value) < Integer(Values[0]),
        };
    }

    public override string ToString() => Operator switch
    {
        LabelOperator.Exists => Key,
        LabelOperator.Missing => $"!{Key}",
        LabelOperator.Equal => $"{Key}={Values[0]}",
        LabelOperator.NotEqual => $"{Key}!={Values[0]}",
        LabelOperator.In => $"{Key} in ({string.Join(',', Values)})",
        LabelOperator.NotIn => $"{Key} notin ({string.Join(',', Values)})",
        LabelOperator.Above => $"{Key}>{Values[0]}",
        _ => $"{Key}<{Values[0]}",
    };

    /// <summary>A label that is not a number is neither above nor below one.</summary>
    internal static long? Integer(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}

internal enum LabelOperator
{
    Exists,
    Missing,
    Equal,
    NotEqual,
    In,
    NotIn,
    Above,
    Below,
}
