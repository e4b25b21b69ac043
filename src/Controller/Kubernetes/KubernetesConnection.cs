using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Kubernetes;

/// <summary>The address of the Kubernetes API, and how to connect to it.</summary>
/// <remarks>The server's address ends in a slash, so that relative paths keep the prefix of a server like Rancher's.</remarks>
internal sealed class KubernetesConnection(Uri server, string @namespace)
{
    public const string DefaultNamespace = "default";

    public Uri Server { get; } = server.AbsolutePath.EndsWith('/') ? server : new Uri(server.AbsoluteUri + '/');

    /// <summary>The pod's own namespace in a cluster, otherwise that of the context.</summary>
    public string Namespace => @namespace;

    public TlsSettings Tls { get; init; } = new();

    public CredentialSource Credentials { get; init; } = Credential.Anonymous.Always;

    public Impersonation? Impersonation { get; init; }

    public Uri? Proxy { get; init; }

    /// <summary>The file of <c>--kubeconfig</c>, else those of <c>KUBECONFIG</c>, else the cluster that this process runs in.</summary>
    public static KubernetesConnection Open(string kubeConfig, Func<string, string?> environment, TimeProvider clock, ILogger logger)
    {
        if (kubeConfig.Length > 0)
        {
            return KubeConfig.Load(kubeConfig).Connect(environment, clock, logger);
        }

        if (environment("KUBECONFIG") is { Length: > 0 } files)
        {
            return KubeConfig.LoadMerged(files).Connect(environment, clock, logger);
        }

        var pod = new InClusterConfig(environment, clock, logger);
        return pod.IsHere
            ? pod.Connect()
            : throw new SettingsException("no Kubernetes API is named: give --kubeconfig, set KUBECONFIG, or run in a pod");
    }

    /// <summary>The same for a person at a terminal, as <c>kubectl</c> does it: if nothing is named, the file in the home directory comes before the cluster that this process runs in.</summary>
    public static KubernetesConnection OpenForUser(string kubeConfig, Func<string, string?> environment, TimeProvider clock, ILogger logger)
    {
        var own = kubeConfig.Length == 0 && environment("KUBECONFIG") is null or "" && environment("HOME") is { Length: > 0 } home ? Path.Combine(home, ".kube", "config") : "";
        return Open(File.Exists(own) ? own : kubeConfig, environment, clock, logger);
    }

    /// <summary>A client with connections of its own, so that one role's trouble does not affect another; the caller sets deadlines.</summary>
    public HttpClient CreateClient(bool acts = false)
    {
        var client = new HttpClient(new Authentication(Credentials, HttpTransport.Create(Tls, Proxy, acts: acts)))
        {
            BaseAddress = Server,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.UserAgent.Add(ProgramVersion.UserAgent);
        Impersonation?.ApplyTo(client.DefaultRequestHeaders);
        return client;
    }
}

/// <summary>The identity that a kubeconfig's user impersonates.</summary>
/// <param name="User">The user.</param>
/// <param name="Uid">Its uid; null if none is given.</param>
/// <param name="Group">The only group; null if none is given.</param>
/// <param name="Extra">The keys as they are written, each with a value.</param>
internal sealed record Impersonation(string User, string? Uid, string? Group, IReadOnlyList<(string Key, string Value)> Extra)
{
    public void ApplyTo(HttpRequestHeaders headers)
    {
        headers.Add("Impersonate-User", User);
        if (Uid is not null)
        {
            headers.Add("Impersonate-Uid", Uid);
        }

        if (Group is not null)
        {
            headers.Add("Impersonate-Group", Group);
        }

        foreach (var (key, value) in Extra)
        {
            headers.Add($"Impersonate-Extra-{Uri.EscapeDataString(key)}", value);
        }
    }
}
