using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core;

/// <summary>An object and the instant at which this process first saw it.</summary>
public readonly record struct Tracked<T>(T Item, Instant Since);

/// <summary>Immutable collection of objects of one kind: by name, and by what they refer to.</summary>
/// <typeparam name="TKey">The name of an object.</typeparam>
/// <typeparam name="T">The object.</typeparam>
/// <typeparam name="TReference">The references of objects, by which they are looked up.</typeparam>
public sealed class ObjectIndex<TKey, T, TReference>
    where TKey : notnull
    where TReference : notnull
{
    private readonly Func<T, TKey> _keyOf;
    private readonly Func<T, IEnumerable<TReference>> _referencesOf;
    private readonly Func<T, T, bool> _continues;
    private readonly ImmutableDictionary<TKey, Tracked<T>> _items;
    private readonly ImmutableDictionary<TReference, ImmutableArray<TKey>> _referrers;

    /// <param name="keyOf">An object's name.</param>
    /// <param name="referencesOf">What an object refers to.</param>
    /// <param name="continues">Whether the second object is the first one after a change, so that its start time stays.</param>
    internal ObjectIndex(Func<T, TKey> keyOf, Func<T, IEnumerable<TReference>> referencesOf, Func<T, T, bool> continues)
        : this(keyOf, referencesOf, continues, ImmutableDictionary<TKey, Tracked<T>>.Empty, ImmutableDictionary<TReference, ImmutableArray<TKey>>.Empty)
    {
    }

    private ObjectIndex(
        Func<T, TKey> keyOf,
        Func<T, IEnumerable<TReference>> referencesOf,
        Func<T, T, bool> continues,
        ImmutableDictionary<TKey, Tracked<T>> items,
        ImmutableDictionary<TReference, ImmutableArray<TKey>> referrers) =>
        (_keyOf, _referencesOf, _continues, _items, _referrers) = (keyOf, referencesOf, continues, items, referrers);

    /// <summary>How many objects there are.</summary>
    public int Count => _items.Count;

    /// <summary>All objects, in no particular order.</summary>
    public IEnumerable<Tracked<T>> All => _items.Values;

    /// <summary>The object of that name, if there is one.</summary>
    public Tracked<T>? Find(TKey key) => _items.TryGetValue(key, out var held) ? held : null;

    /// <summary>Whether any object refers to something.</summary>
    public bool RefersTo(TReference reference) => _referrers.ContainsKey(reference);

    /// <summary>The objects that refer to something.</summary>
    public IEnumerable<Tracked<T>> ReferringTo(TReference reference) =>
        _referrers.TryGetValue(reference, out var keys) ? keys.Select(key => _items[key]) : [];

    internal ObjectIndex<TKey, T, TReference> Set(T item, Instant at) => Without(_keyOf(item)).With(item, SinceOf(item, at));

    internal ObjectIndex<TKey, T, TReference> Remove(T item) => Without(_keyOf(item));

    /// <summary>Replaces everything: objects that are not named are removed.</summary>
    internal ObjectIndex<TKey, T, TReference> Replace(IEnumerable<T> items, Instant at)
    {
        var held = ImmutableDictionary.CreateBuilder<TKey, Tracked<T>>();
        var referrers = new Dictionary<TReference, ImmutableArray<TKey>>();
        foreach (var item in items)
        {
            var key = _keyOf(item);
            held[key] = new(item, SinceOf(item, at));
            foreach (var reference in _referencesOf(item))
            {
                referrers[reference] = referrers.GetValueOrDefault(reference, []).Add(key);
            }
        }

        return new(_keyOf, _referencesOf, _continues, held.ToImmutable(), referrers.ToImmutableDictionary());
    }

    private Instant SinceOf(T item, Instant at) => Find(_keyOf(item)) is { } before && _continues(before.Item, item) ? before.Since : at;

    private ObjectIndex<TKey, T, TReference> With(T item, Instant since)
    {
        var key = _keyOf(item);
        var referrers = _referrers;
        foreach (var reference in _referencesOf(item))
        {
            referrers = referrers.SetItem(reference, referrers.GetValueOrDefault(reference, []).Add(key));
        }

        return new(_keyOf, _referencesOf, _continues, _items.SetItem(key, new(item, since)), referrers);
    }

    private ObjectIndex<TKey, T, TReference> Without(TKey key)
    {
        if (!_items.TryGetValue(key, out var held))
        {
            return this;
        }

        var referrers = _referrers;
        foreach (var reference in _referencesOf(held.Item))
        {
            var rest = referrers[reference].Remove(key);
            referrers = rest.IsEmpty ? referrers.Remove(reference) : referrers.SetItem(reference, rest);
        }

        return new(_keyOf, _referencesOf, _continues, _items.Remove(key), referrers);
    }
}
