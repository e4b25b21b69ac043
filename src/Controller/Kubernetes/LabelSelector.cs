namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>A Kubernetes label selector, in full syntax: <c>a=b, c!=d, e in (f,g), h notin (i), j, !k, l>1</c>.</summary>
internal sealed class LabelSelector
{
    private readonly IReadOnlyList<LabelRequirement> _requirements;
    private readonly string _text;

    private LabelSelector(IEnumerable<LabelRequirement> requirements)
    {
        _requirements = [.. requirements.OrderBy(requirement => requirement.Key, StringComparer.Ordinal)];
        _text = string.Join(',', _requirements);
    }

    /// <summary>Whether a pod with these labels is selected; the empty selector selects everything.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels) => _requirements.All(requirement => requirement.Holds(labels));

    /// <exception cref="FormatException">Its message says what is wrong with the selector.</exception>
    public static LabelSelector Parse(string text) => new(new LabelSelectorReader(text).Requirements());

    /// <summary>The spelling for the API server, which is that of Kubernetes' own clients.</summary>
    public override string ToString() => _text;
}
