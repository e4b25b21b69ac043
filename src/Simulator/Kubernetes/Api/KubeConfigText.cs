namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>How clients are told where a server is.</summary>
internal static class KubeConfigText
{
    public static string Of(Uri server, string? token) =>
        $"""
        apiVersion: v1
        kind: Config
        current-context: simulator
        clusters:
        - name: simulator
          cluster:
            server: {server.AbsoluteUri.TrimEnd('/')}
        contexts:
        - name: simulator
          context:
            cluster: simulator
            user: simulator
        users:
        - name: simulator
          user: {(token is null ? "{}" : $"{{ token: \"{token}\" }}")}

        """;
}
