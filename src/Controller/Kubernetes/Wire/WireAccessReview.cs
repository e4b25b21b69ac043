namespace Piraeus.HighAvailability.Controller.Kubernetes.Wire;

/// <summary>Asks whether the own account has a right, and carries the answer.</summary>
internal sealed class WireAccessReview
{
    public string ApiVersion { get; set; } = "authorization.k8s.io/v1";

    public string Kind { get; set; } = "SelfSubjectAccessReview";

    public WireAccessReviewSpec Spec { get; set; } = new();

    public WireAccessReviewStatus? Status { get; set; }
}

internal sealed class WireAccessReviewSpec
{
    public WireResourceAttributes ResourceAttributes { get; set; } = new();
}

internal sealed class WireResourceAttributes
{
    public string Group { get; set; } = "";

    public string Resource { get; set; } = "";

    public string? Subresource { get; set; }

    public string Verb { get; set; } = "";

    public string? Namespace { get; set; }

    public string? Name { get; set; }
}

internal sealed class WireAccessReviewStatus
{
    public bool Allowed { get; set; }
}

internal sealed class WireServerVersion
{
    public string GitVersion { get; set; } = "";
}
