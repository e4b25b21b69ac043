using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Recording;

/// <summary>Makes values of the core's types at random, and tells them from each other down to the last property.</summary>
internal sealed class RandomValues(Random random)
{
    private static readonly NullabilityInfoContext Nullability = new();

    /// <summary>Every type that an observation may have.</summary>
    public static IEnumerable<Type> Observations => typeof(Observation).GetNestedTypes().SelectMany(type => !type.IsGenericType
        ? [type]
        : ((Type[])[typeof(Pod), typeof(Volume), typeof(Attachment), typeof(ClusterNode), typeof(CsiNode)]).Select(item => type.MakeGenericType(item)));

    /// <summary>Every type that a decision may have upon which something is done.</summary>
    public static IEnumerable<Type> Actions => typeof(Decision).GetNestedTypes().Where(type => !type.IsAbstract && type != typeof(Decision.Hold) && type != typeof(Decision.ReportStuck));

    public object Of(Type type)
    {
        if (type == typeof(string))
        {
            return string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => "aB-0.é😀\"\\\n<&{}"[random.Next(5)]));
        }

        return type switch
        {
            _ when type == typeof(bool) => random.Next(2) == 0,
            _ when type == typeof(int) => random.Next(-3, int.MaxValue),
            _ when type == typeof(TimeSpan) => TimeSpan.FromTicks(random.NextInt64(0, TimeSpan.TicksPerDay * 400)),
            _ when type == typeof(Decision) => Of(Actions.ElementAt(random.Next(Actions.Count()))),
            _ when type.IsEnum => Enum.GetValues(type).GetValue(random.Next(Enum.GetValues(type).Length))!,
            _ when Nullable.GetUnderlyingType(type) is { } value => Of(value),
            _ when type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>) => ArrayOf(type.GenericTypeArguments[0]),
            _ => RecordOf(type),
        };
    }

    /// <summary>Everything that a value says, its lists included, which records compare by reference only.</summary>
    public static string Dump(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        TimeSpan time => time.Ticks.ToString(CultureInfo.InvariantCulture),
        bool or int or Enum => $"{value}",
        System.Collections.IEnumerable items => $"[{string.Join(", ", items.Cast<object>().Select(Dump))}]",
        _ => $"{value.GetType().Name} {{ {string.Join(", ", PropertiesOf(value.GetType()).Select(property => $"{property.Name} = {Dump(property.GetValue(value))}"))} }}",
    };

    private static IEnumerable<PropertyInfo> PropertiesOf(Type type) => type.GetProperties().Where(property => property.CanWrite);

    private object ArrayOf(Type item)
    {
        var items = Array.CreateInstance(item, random.Next(3));
        for (var index = 0; index < items.Length; index++)
        {
            items.SetValue(Of(item), index);
        }

        return typeof(ImmutableArray).GetMethods().Single(method => method.Name == nameof(ImmutableArray.Create) && method.GetParameters() is [{ ParameterType.IsSZArray: true }])
            .MakeGenericMethod(item).Invoke(null, [items])!;
    }

    private object RecordOf(Type type)
    {
        var constructor = type.GetConstructors().MaxBy(constructor => constructor.GetParameters().Length)!;
        var value = constructor.Invoke([.. constructor.GetParameters().Select(parameter => Of(parameter.ParameterType, Nullability.Create(parameter).WriteState))]);
        foreach (var property in PropertiesOf(type).Where(property => constructor.GetParameters().All(parameter => parameter.Name != property.Name)))
        {
            property.SetValue(value, Of(property.PropertyType, Nullability.Create(property).WriteState));
        }

        return value;
    }

    private object? Of(Type type, NullabilityState state) => state == NullabilityState.Nullable && random.Next(3) == 0 ? null : Of(type);
}
