using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Lists objects: the current state, an earlier state, and pages of either.</summary>
internal static class Lists
{
    private const string TooOld =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

    /// <summary>Answers a list; call it under the world's lock.</summary>
    public static (IReadOnlyList<KubernetesObject> Items, JsonObject Metadata) Answer(RequestTarget target, ObjectStore store, IQueryCollection query)
    {
        var selector = target.Selector(query);
        var version = query["resourceVersion"].ToString();
        var limit = int.TryParse(query["limit"], CultureInfo.InvariantCulture, out var parsed) && version != "0" ? parsed : 0; // lists from the API server's cache have no pages
        var next = Token.Read(query["continue"]);
        var at = next?.Version ?? VersionOf(version, query["resourceVersionMatch"].ToString(), store);
        var all = At(target.Kind, store, at) ?? throw (next is null
            ? ApiException.Expired($"The resourceVersion for the provided list is too old.")
            : new ApiException(StatusCodes.Status410Gone, "Expired", TooOld) { Continue = new Token(-1, next.Start).Write() });
        at = at < 0 ? store.Version : at;
        var rest = all.Where(item => (next is null || string.CompareOrdinal(item.Key, next.Start) > 0) && selector.Selects(item)).ToList();
        var metadata = new JsonObject { ["resourceVersion"] = MetadataJson.Version(at) };
        if (limit == 0 || rest.Count <= limit)
        {
            return (rest, metadata);
        }

        metadata["continue"] = new Token(at, rest[limit - 1].Key).Write();
        if (selector.SelectsAll)
        {
            metadata["remainingItemCount"] = rest.Count - limit;
        }

        return (rest[..limit], metadata);
    }

    private static long VersionOf(string version, string match, ObjectStore store)
    {
        var asked = MetadataJson.Version(version) ?? 0;
        return asked > store.Version ? throw ApiException.TooLargeVersion(asked, store.Version)
            : match == "Exact" ? asked
            : store.Version;
    }

    /// <summary>All objects of a kind at a version; null if its history is no longer kept.</summary>
    private static IReadOnlyList<KubernetesObject>? At(ApiKind kind, ObjectStore store, long version)
    {
        if (version < 0 || version == store.Version)
        {
            return kind.All(store);
        }

        if (store.Since(version)?.Where(change => kind.Is(change.Item)).Reverse() is not { } undone)
        {
            return null;
        }

        var items = new SortedDictionary<string, KubernetesObject>(kind.All(store).ToDictionary(item => item.Key), StringComparer.Ordinal);
        foreach (var change in undone)
        {
            items.Remove(change.Item.Key);
            if (change.Before is { } before)
            {
                items[before.Key] = before;
            }
        }

        return [.. items.Values];
    }

    /// <summary>Where a list continues: after which object, and at which version (-1: the current state).</summary>
    private sealed record Token(long Version, string Start)
    {
        public static Token? Read(string? text)
        {
            if (string.IsNullOrEmpty(text))
            {
                return null;
            }

            try
            {
                var json = JsonNode.Parse(Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/') + new string('=', (4 - (text.Length % 4)) % 4)));
                return new(json!["rv"]!.GetValue<long>(), json["start"]!.GetValue<string>());
            }
            catch (Exception garbage) when (garbage is FormatException or JsonException or InvalidOperationException or NullReferenceException)
            {
                throw ApiException.BadRequest($"invalid continue token: continue key is not valid: {garbage.Message}");
            }
        }

        public string Write() => Convert.ToBase64String(Encoding.UTF8.GetBytes(new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = Version, ["start"] = Start }.ToJsonString()))
            .TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }
}
