using System.Text;
using System.Text.Json;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>A program that a kubeconfig names to obtain credentials, such as a cloud provider's command line.</summary>
internal sealed record ExecPlugin(string Origin, string Program, string ApiVersion)
{
    private const string Group = "client.authentication.k8s.io";

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The cluster's data for the plugin, if it requests them.</summary>
    public ExecCluster? Cluster { get; init; }

    /// <summary>How long a plugin may take; it often sends network requests of its own.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(1);

    public static ExecPlugin Read(KubeConfigEntry exec, KubeConfigCluster cluster, Func<string, string?> environment)
    {
        var version = exec.RequiredText("apiVersion");
        if (version is not ($"{Group}/v1" or $"{Group}/v1beta1"))
        {
            throw exec.Complaint($"apiVersion must be {Group}/v1 or {Group}/v1beta1");
        }

        if (exec.Text("interactiveMode") is { } mode and not ("Never" or "IfAvailable"))
        {
            throw exec.Complaint(mode is "Always" ? "interactiveMode is Always, and a controller has no terminal: use Never or IfAvailable" : $"interactiveMode is {mode}, and must be Never or IfAvailable");
        }

        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in exec.Sections("env"))
        {
            variables[variable.RequiredText("name")] = variable.Text("value") ?? ""; // of two, the last one counts
        }

        return new ExecPlugin(exec.Origin("command"), Find(exec, environment("PATH")), version)
        {
            Arguments = exec.Texts("args"),
            Environment = variables,
            Cluster = exec.Flag("provideClusterInfo") ? Describe(cluster) : null,
        };
    }

    /// <summary>Runs the program and returns what it granted.</summary>
    /// <exception cref="HttpRequestException">It granted nothing; a later attempt may succeed.</exception>
    public async Task<ExecCredentialStatus> RunAsync(CancellationToken cancellation)
    {
        var output = await new PluginRun(this, Question()).OutputAsync(cancellation);
        try
        {
            var answer = JsonSerializer.Deserialize(output, ExecCredentialJson.Default.ExecCredential);
            return answer switch
            {
                { Kind: "ExecCredential", Status: { } status } when answer.ApiVersion == ApiVersion => status,
                { Kind: "ExecCredential", Status: not null } => throw Failure($"answered in {answer.ApiVersion}, and was asked in {ApiVersion}"),
                _ => throw Failure("answered without an ExecCredential that has a status"),
            };
        }
        catch (JsonException)
        {
            // The text is not shown, because it may be a malformed credential.
            throw Failure("answered with something that is no ExecCredential in JSON");
        }
    }

    public HttpRequestException Failure(string what) => new($"{Origin} {Program} {what}");

    private string Question() => JsonSerializer.Serialize(
        new ExecCredential { ApiVersion = ApiVersion, Kind = "ExecCredential", Spec = new ExecCredentialSpec { Cluster = Cluster } },
        ExecCredentialJson.Default.ExecCredential);

    /// <summary>A name with a slash is a path relative to the kubeconfig; any other is looked up as in a shell.</summary>
    private static string Find(KubeConfigEntry exec, string? searchPath)
    {
        var command = exec.RequiredText("command");
        var candidates = command.Contains(Path.DirectorySeparatorChar)
            ? [exec.Resolve(command)]
            : (searchPath ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, command));
        var hint = exec.Text("installHint") is { } text ? $": {string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))}" : "";
        return candidates.FirstOrDefault(File.Exists) ?? throw exec.Complaint($"command {command} was not found{hint}");
    }

    private static ExecCluster Describe(KubeConfigCluster cluster) => new()
    {
        Server = cluster.Written,
        TlsServerName = cluster.Tls.ServerName,
        SkipVerification = cluster.Tls.SkipVerification ? true : null,
        Authorities = cluster.Authorities is { } bundle ? Encoding.UTF8.GetBytes(bundle.Read()) : null,
        Proxy = cluster.Proxy?.OriginalString,
    };
}
