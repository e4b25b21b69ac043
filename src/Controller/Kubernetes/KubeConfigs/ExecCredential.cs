using System.Text.Json.Serialization;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>The input and output of a credential plugin, as <c>client.authentication.k8s.io</c> defines them.</summary>
internal sealed class ExecCredential
{
    public string? ApiVersion { get; set; }

    public string? Kind { get; set; }

    public ExecCredentialSpec? Spec { get; set; }

    public ExecCredentialStatus? Status { get; set; }
}

internal sealed class ExecCredentialSpec
{
    public bool Interactive { get; set; }

    public ExecCluster? Cluster { get; set; }
}

internal sealed class ExecCluster
{
    public string? Server { get; set; }

    [JsonPropertyName("tls-server-name")]
    public string? TlsServerName { get; set; }

    [JsonPropertyName("insecure-skip-tls-verify")]
    public bool? SkipVerification { get; set; }

    [JsonPropertyName("certificate-authority-data")]
    public byte[]? Authorities { get; set; }

    [JsonPropertyName("proxy-url")]
    public string? Proxy { get; set; }
}

internal sealed class ExecCredentialStatus
{
    public string? Token { get; set; }

    public string? ClientCertificateData { get; set; }

    public string? ClientKeyData { get; set; }

    public DateTimeOffset? ExpirationTimestamp { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ExecCredential))]
internal sealed partial class ExecCredentialJson : JsonSerializerContext;
