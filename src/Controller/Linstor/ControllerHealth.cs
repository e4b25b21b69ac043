using Piraeus.HighAvailability.Controller.Linstor.Wire;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>How useful a LINSTOR controller is, in ascending order.</summary>
internal enum ControllerUsefulness
{
    /// <summary>It does not answer, or only with errors.</summary>
    Unusable,

    /// <summary>It refuses our credentials.</summary>
    Refusing,

    /// <summary>It has no node that runs a satellite: its database is new, or not the cluster's.</summary>
    Empty,

    /// <summary>None of its satellites is <c>ONLINE</c>: it has just started, is cut off, or another LINSTOR controller has its satellites.</summary>
    Disconnected,

    /// <summary>At least one of its satellites is <c>ONLINE</c>.</summary>
    Serving,
}

/// <summary>The health of a LINSTOR controller, by its answer to <c>/v1/nodes</c>. An answer to <c>/v1/controller/version</c> would prove nothing, because every controller gives it.</summary>
/// <param name="Standing">How useful it is.</param>
/// <param name="Fault">What is wrong with it, in one sentence that names it; null for one that serves.</param>
/// <param name="Failure">Why there is no list of nodes; null if there is one.</param>
internal sealed record ControllerHealth(ControllerUsefulness Standing, string? Fault, LinstorException? Failure = null)
{
    public static ControllerHealth Of(LinstorException failure) => new(
        failure.Failure is LinstorFailure.Unauthorized or LinstorFailure.Forbidden ? ControllerUsefulness.Refusing : ControllerUsefulness.Unusable, failure.Message, failure);

    public static ControllerHealth Of(ControllerAddress address, IEnumerable<WireNode?> nodes)
    {
        var statuses = nodes.OfType<WireNode>().Where(node => LinstorTranslation.Satellite(node) is not null).Select(node => node.ConnectionStatus ?? "UNKNOWN").ToList();
        return statuses switch
        {
            [] => new(ControllerUsefulness.Empty, $"LINSTOR controller {address} has no node with a satellite."),
            _ when statuses.Contains("ONLINE") => new(ControllerUsefulness.Serving, null),
            _ => new(ControllerUsefulness.Disconnected, $"LINSTOR controller {address} has no satellite that is ONLINE ({Counts(statuses)})."),
        };
    }

    private static string Counts(List<string> statuses) => string.Join(", ", statuses.GroupBy(status => ReturnCodes.OneLine(status))
        .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).Take(5).Select(group => $"{group.Count()} {group.Key}"));
}

/// <summary>One LINSTOR controller's answer to a request for its nodes.</summary>
/// <param name="Nodes">The nodes; null if it gave no list.</param>
/// <param name="Health">The health of the LINSTOR controller by that answer.</param>
internal sealed record NodesAnswer(IReadOnlyList<WireNode?>? Nodes, ControllerHealth Health);
