using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The meaning of a path: a kind, and optionally a namespace, an object and a subresource.</summary>
internal sealed record RequestTarget(ApiKind Kind, string? Namespace, string? Name, string? Subresource)
{
    /// <summary>Whether the request is only to be checked (<c>dryRun=All</c>).</summary>
    public bool IsDryRun { get; init; }

    /// <summary>Whether the values of <c>dryRun</c> ask for a check only.</summary>
    /// <exception cref="ApiException">Kubernetes does not know a value.</exception>
    public static bool IsDry(IEnumerable<string?> values)
    {
        var given = values.Where(value => !string.IsNullOrEmpty(value)).ToList();
        return given.TrueForAll(value => value == "All") ? given.Count > 0 : throw ApiException.BadRequest($"Invalid value: \"{string.Join(',', given)}\": dryRun supports only \"All\"");
    }

    /// <summary>What the client wants to be done about unknown fields: <c>Strict</c>, <c>Warn</c> or <c>Ignore</c>.</summary>
    public string FieldValidation { get; init; } = "Warn";

    /// <summary>The namespace in which to look up an object; empty for cluster-scoped objects.</summary>
    public string NamespaceOrNone => Namespace ?? "";

    public static RequestTarget? Find(string[] path)
    {
        var isCore = path is ["api", ApiKind.Version, ..];
        var group = isCore ? "" : path is ["apis", var named, ApiKind.Version, ..] ? named : null;
        var rest = group is null ? [] : path[(isCore ? 2 : 3)..];

        // A namespace is itself an object, and also contains others.
        var ns = rest is ["namespaces", var space, var plural, ..] && ApiKinds.Find(group!, plural) is { IsNamespaced: true } ? space : null;
        rest = ns is null ? rest : rest[2..];
        return rest.Length is > 0 and <= 3 && ApiKinds.Find(group!, rest[0]) is { } kind && (rest.Length == 1 || !kind.IsNamespaced || ns is not null)
            ? new(kind, ns, rest.ElementAtOrDefault(1), rest.ElementAtOrDefault(2))
            : null;
    }

    public Selector Selector(IQueryCollection query) => new(Namespace, query["labelSelector"], Fields(query), Kind);

    /// <summary>A watch of one object is a watch of all objects, selected by name.</summary>
    private string Fields(IQueryCollection query) => Name is null ? query["fieldSelector"].ToString() : $"metadata.name={Name}";
}
