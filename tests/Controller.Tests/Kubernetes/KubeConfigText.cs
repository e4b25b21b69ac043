using System.Text;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>Kubeconfigs as people write them, with one context of one cluster and one user.</summary>
internal static class KubeConfigText
{
    public static string Of(string server, string cluster = "", string user = "token: secret", string context = "") => $"""
        apiVersion: v1
        kind: Config
        current-context: main
        contexts:
        - name: main
          context:
            cluster: prod
            user: admin
        {Indented(context)}
        clusters:
        - name: prod
          cluster:
            server: {server}
        {Indented(cluster)}
        users:
        - name: admin
          user:
        {Indented(user)}
        """;

    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Indented(string lines) => string.Join('\n', lines.Split('\n').Select(line => $"    {line}"));
}
