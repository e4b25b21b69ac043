using System.Collections.Immutable;
using Piraeus.HighAvailability.Controller.Linstor.Wire;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Builds a report from the objects that were read, where each part may be missing or unknown.</summary>
internal static class ReportBuilder
{
    /// <summary>A definition whose resources were read. A property that could not be read is unknown, not "off".</summary>
    public static ResourceReport Existing(ResourceName resource, List<WireResource> resources, PropertyLevels levels, Instant asked)
    {
        ImmutableArray<Replica> replicas = [.. resources.Select(LinstorTranslation.Replica).OfType<Replica>()];
        var (quorum, twoPrimaries) = (levels.Find(LinstorTranslation.QuorumKey), levels.Find(LinstorTranslation.TwoPrimariesKey));
        return new(
            resource, true, replicas, asked)
        {
            PropertiesAskedAt = Oldest(asked, levels.Definition, quorum, twoPrimaries),
            Uuid = levels.Definition.Value?.Uuid,
            QuorumProperties = quorum is { } known ? new(known.IsControllers ? null : known.Value, known.IsControllers ? known.Value : null) : null,
            AllowsTwoPrimaries = twoPrimaries is { } option ? LinstorTranslation.YesOrNo(option.Value ?? "no") : null, // DRBD's default
        };
    }

    /// <summary>A definition whose resources LINSTOR does not have.</summary>
    /// <exception cref="LinstorException">The definition exists, or could not be read, so nothing is known.</exception>
    public static ResourceReport Missing(ResourceName resource, ReadResult<WireDefinition> definition, Instant asked)
    {
        if (definition.Value is not null)
        {
            throw new LinstorException(
                LinstorFailure.Contradictory, $"LINSTOR has resource definition {resource}, but answered 404 for its resources: it is being created or deleted, and is asked about again.");
        }

        return definition.Failure is { } failure ? throw failure : new(resource, false, [], Instant.Earlier(asked, definition.AskedAt)!.Value);
    }

    /// <summary>A report is as old as the oldest reading that it rests on.</summary>
    private static Instant Oldest(Instant asked, ReadResult<WireDefinition> definition, params ReadOnlySpan<PropertyValue?> values)
    {
        var oldest = definition.Value is null ? asked : Instant.Earlier(asked, definition.AskedAt);
        foreach (var value in values)
        {
            oldest = Instant.Earlier(oldest, value?.AskedAt);
        }

        return oldest!.Value;
    }
}
