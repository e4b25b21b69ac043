using Piraeus.HighAvailability.Controller.Linstor.Wire;
using Piraeus.HighAvailability.Core;
using Properties = System.Collections.Generic.Dictionary<string, string?>;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The properties of a definition and those that it inherits.</summary>
/// <param name="Definition">The resource definition.</param>
/// <param name="Group">Its resource group; null for a definition without one.</param>
/// <param name="Controller">The LINSTOR controller.</param>
internal sealed record PropertyLevels(ReadResult<WireDefinition> Definition, ReadResult<Properties>? Group, ReadResult<Properties> Controller)
{
    /// <summary>The value that counts for the definition: its own, else its group's, else the LINSTOR controller's.</summary>
    /// <returns>Null if a level that could set it was not read, or is missing, so that its value is unknown.</returns>
    public PropertyValue? Find(string key)
    {
        if (Definition.Value is not { } definition)
        {
            return null;
        }

        if (LinstorTranslation.Value(definition.Props, key) is { } own)
        {
            return new(own, false, Definition.AskedAt);
        }

        var asked = Definition.AskedAt;
        if (Group is { } group)
        {
            asked = Instant.Earlier(asked, group.AskedAt)!.Value;
            if (group.Value is null || LinstorTranslation.Value(group.Value, key) is { })
            {
                return group.Value is null ? null : new(LinstorTranslation.Value(group.Value, key), false, asked);
            }
        }

        return Controller.Value is { } controller
            ? new(LinstorTranslation.Value(controller, key), true, Instant.Earlier(asked, Controller.AskedAt)!.Value)
            : null;
    }
}

/// <summary>A property as set on the levels above replicas and nodes.</summary>
/// <param name="Value">The value in lower case; null if no level sets it.</param>
/// <param name="IsControllers">Whether neither the definition nor its group sets it, so that the value is the LINSTOR controller's.</param>
/// <param name="AskedAt">When the oldest request behind it was sent.</param>
internal readonly record struct PropertyValue(string? Value, bool IsControllers, Instant AskedAt);
