using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>The parts of Kubernetes that clients ask for and that the simulation does not have: each gets one line that names it.</summary>
internal static class NotSimulated
{
    private static readonly Dictionary<string, string> _ofPods = new(StringComparer.Ordinal)
    {
        ["log"] = "the log of",
        ["exec"] = "exec into",
        ["attach"] = "attach to",
        ["portforward"] = "port-forward to",
        ["proxy"] = "proxy to",
        ["ephemeralcontainers"] = "an ephemeral container in",
        ["resize"] = "the resizing of",
    };

    /// <summary>The beginning of a message about a subresource of a pod; null if Kubernetes has no such subresource.</summary>
    public static string? OfPods(string subresource) => _ofPods.GetValueOrDefault(subresource);

    /// <summary>A subresource of a pod that needs running containers.</summary>
    public static ApiException Container(string what, string pod) =>
        new(StatusCodes.Status501NotImplemented, "NotImplemented", $"{what} pod \"{pod}\" is not simulated: its containers do not really run");

    /// <summary>A resource or a path of Kubernetes that the simulation does not have.</summary>
    public static ApiException Path(string path) =>
        new(StatusCodes.Status404NotFound, "NotFound", $"the server could not find the requested resource: {path} is not simulated") { Details = [] };
}
