using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The restriction of a list or a watch: a namespace, labels and fields.</summary>
internal sealed class Selector(string? ns, string? labels, string? fields, ApiKind kind)
{
    private readonly ImmutableArray<Func<KubernetesObject, bool>> _tests = [.. LabelTests(labels ?? ""), .. FieldTests(fields ?? "", kind)];

    /// <summary>Whether nothing but the namespace restricts it.</summary>
    public bool SelectsAll => _tests.IsEmpty;

    public bool Selects(KubernetesObject item) => (ns is null || item.Metadata.Namespace == ns) && _tests.All(test => test(item));

    /// <summary>A selector of labels, as a request writes it.</summary>
    public static string TextOf(IEnumerable<KeyValuePair<string, string>> labels) => string.Join(',', labels.Select(label => $"{label.Key}={label.Value}"));

    private static IEnumerable<Func<KubernetesObject, bool>> FieldTests(string text, ApiKind kind) => text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(term =>
    {
        var at = term.IndexOf('=', StringComparison.Ordinal);
        if (at < 1)
        {
            throw ApiException.BadRequest($"invalid selector: '{text}'; can't understand '{term}'");
        }

        var isNegative = term[at - 1] == '!';
        var field = term[..(isNegative ? at - 1 : at)].Trim();
        var value = term[(at + (term.AsSpan(at).StartsWith("==") ? 2 : 1))..].Trim();
        var read = kind.Field(field) ?? throw ApiException.BadRequest($"field label not supported: {field}");
        return (Func<KubernetesObject, bool>)(item => read(item) == value != isNegative);
    });

    private static IEnumerable<Func<KubernetesObject, bool>> LabelTests(string text) => Terms(text).Select(term =>
    {
        var test = LabelTest(term.Trim());
        return (Func<KubernetesObject, bool>)(item => test(item.Metadata.Labels));
    });

    /// <summary>Splits terms at commas, except at those within parentheses.</summary>
    private static IEnumerable<string> Terms(string text)
    {
        var (begin, depth) = (0, 0);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == ',' && depth == 0))
            {
                if (!string.IsNullOrWhiteSpace(text[begin..i]))
                {
                    yield return text[begin..i];
                }

                begin = i + 1;
            }
            else
            {
                depth += text[i] switch { '(' => 1, ')' => -1, _ => 0 };
            }
        }
    }

    private static Func<ImmutableSortedDictionary<string, string>, bool> LabelTest(string term)
    {
        foreach (var (word, isNegative) in new[] { (" notin ", true), (" in ", false) })
        {
            if (term.Replace("(", " (", StringComparison.Ordinal) is var spaced && spaced.IndexOf(word, StringComparison.Ordinal) is > 0 and var at && spaced.TrimEnd().EndsWith(')'))
            {
                var key = spaced[..at].Trim();
                var values = spaced[(at + word.Length)..].Trim().Trim('(', ')').Split(',', StringSplitOptions.TrimEntries);
                return labels => labels.TryGetValue(key, out var value) && values.Contains(value) != isNegative || (isNegative && !labels.ContainsKey(key));
            }
        }

        foreach (var sign in new[] { "!=", "==", "=", ">", "<" })
        {
            if (term.IndexOf(sign, StringComparison.Ordinal) is > 0 and var at)
            {
                var (key, wanted) = (term[..at].Trim(), term[(at + sign.Length)..].Trim());
                return sign switch
                {
                    "!=" => labels => !labels.TryGetValue(key, out var value) || value != wanted,
                    ">" => labels => Number(labels.GetValueOrDefault(key)) > Number(wanted),
                    "<" => labels => Number(labels.GetValueOrDefault(key)) < Number(wanted),
                    _ => labels => labels.TryGetValue(key, out var value) && value == wanted,
                };
            }
        }

        if (term.Contains(' ', StringComparison.Ordinal))
        {
            throw ApiException.BadRequest($"unable to parse requirement: found '{term.Split(' ', 2)[1]}', expected: '=', '!=', '==', 'in', notin'");
        }

        return term.StartsWith('!') ? labels => !labels.ContainsKey(term[1..].Trim()) : labels => labels.ContainsKey(term);
    }

    private static long? Number(string? text) => long.TryParse(text, out var number) ? number : null;
}
