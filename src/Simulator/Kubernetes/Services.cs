using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.Kubernetes;

/// <summary>A Service. The model stores it and routes no traffic.</summary>
public sealed record Service(Metadata Metadata, ImmutableArray<ServicePort> Ports) : KubernetesObject(Metadata)
{
    /// <summary>How it is published, as in Kubernetes: <c>ClusterIP</c>, <c>NodePort</c>, …</summary>
    public string Type { get; init; } = "ClusterIP";

    /// <summary>Its address; <c>None</c> if it is headless.</summary>
    public string ClusterIP { get; init; } = "None";

    /// <summary>The labels of its pods.</summary>
    public ImmutableSortedDictionary<string, string> Selector { get; init; } = Metadata.Nothing;
}

/// <summary>A port of a Service.</summary>
/// <param name="Name">May be empty.</param>
/// <param name="Port">The Service's port.</param>
/// <param name="Target">The pods' port, as a number or a name.</param>
/// <param name="Protocol"><c>TCP</c>, <c>UDP</c> or <c>SCTP</c>.</param>
public sealed record ServicePort(string Name, int Port, string Target, string Protocol = "TCP");
