using System.Text.RegularExpressions;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>Reads a selector from left to right, by the grammar of <c>k8s.io/apimachinery/pkg/labels</c>.</summary>
internal sealed partial class LabelSelectorReader(string text)
{
    private const int LongestName = 63;
    private const int LongestPrefix = 253;

    private readonly List<string> _tokens = [.. Tokens().Matches(text).Select(token => token.Value)];
    private int _at;

    private string Next => _at < _tokens.Count ? _tokens[_at] : "";

    public IEnumerable<LabelRequirement> Requirements()
    {
        if (_tokens.Count == 0)
        {
            yield break;
        }

        do
        {
            yield return Requirement();
        }
        while (TryTake(","));

        if (Next.Length > 0)
        {
            throw new FormatException($"\"{Next}\" is not expected there");
        }
    }

    private LabelRequirement Requirement()
    {
        if (TryTake("!"))
        {
            return new LabelRequirement(Key(), LabelOperator.Missing, []);
        }

        var key = Key();
        LabelOperator? relation = Next switch
        {
            "=" or "==" => LabelOperator.Equal,
            "!=" => LabelOperator.NotEqual,
            "in" => LabelOperator.In,
            "notin" => LabelOperator.NotIn,
            ">" => LabelOperator.Above,
            "<" => LabelOperator.Below,
            _ => null,
        };
        if (relation is null)
        {
            return new LabelRequirement(key, LabelOperator.Exists, []);
        }

        _at++;
        return new LabelRequirement(key, relation.Value, relation switch
        {
            LabelOperator.In or LabelOperator.NotIn => Set(),
            LabelOperator.Above or LabelOperator.Below => [Integer()],
            _ => [Value()],
        });
    }

    private string Key()
    {
        var key = IsWord(Next) ? _tokens[_at++] : throw new FormatException(Next.Length > 0 ? $"a label is expected before \"{Next}\"" : "a label is expected at its end");
        var name = key[(key.IndexOf('/') + 1)..];
        var prefix = key.Contains('/') ? key[..key.IndexOf('/')] : null;
        return name.Length <= LongestName && Name().IsMatch(name) && (prefix is null || (prefix.Length <= LongestPrefix && Prefix().IsMatch(prefix)))
            ? key
            : throw new FormatException($"\"{key}\" is no label key");
    }

    private string Value()
    {
        var value = IsWord(Next) ? _tokens[_at++] : "";
        return value.Length == 0 || (value.Length <= LongestName && Name().IsMatch(value)) ? value : throw new FormatException($"\"{value}\" is no label value");
    }

    private string Integer()
    {
        var value = Value();
        return LabelRequirement.Integer(value) is not null ? value : throw new FormatException($"\"{value}\" is no whole number to compare with");
    }

    private List<string> Set()
    {
        if (!TryTake("("))
        {
            throw new FormatException("a set of values in parentheses is expected after in and notin");
        }

        var values = new SortedSet<string>(StringComparer.Ordinal);
        do
        {
            values.Add(Value());
        }
        while (TryTake(","));

        return TryTake(")") ? [.. values] : throw new FormatException("the set of values is not closed");
    }

    private bool TryTake(string token)
    {
        var matches = Next == token;
        _at += matches ? 1 : 0;
        return matches;
    }

    private static bool IsWord(string token) => token.Length > 0 && !"()!=<>,".Contains(token[0]);

    [GeneratedRegex(@"!=|==|[()!=<>,]|[^()!=<>,\s]+")]
    private static partial Regex Tokens();

    [GeneratedRegex(@"\A[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Prefix();
}
