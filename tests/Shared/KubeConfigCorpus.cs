using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Piraeus.HighAvailability.Tests;

/// <summary>The expected result for one kubeconfig of the corpus, from the comments at its top.</summary>
/// <param name="Shown">What the server receives: credentials and impersonation as header lines, the subject of a client certificate; null if the server is not reached.</param>
/// <param name="Refusal">The controller's error message, without the file's name; null if it accepts the file.</param>
/// <param name="KubectlTakesIt">Why the controller refuses a file that kubectl accepts; null if they agree.</param>
public sealed record Outcome(IReadOnlyList<string>? Shown, string? Refusal, string? KubectlTakesIt);

/// <summary>Realistic kubeconfigs, with everything that they refer to: two servers, authorities, certificates, a credential plugin.</summary>
/// <remarks>Shared by the tests of the controller and the tests of kubectl.</remarks>
public sealed class KubeConfigCorpus : IAsyncLifetime
{
    private static readonly string[] Telling = ["Authorization", "Impersonate-User", "Impersonate-Group", "Impersonate-Uid"];

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _values = [];

    private TestServer _server = null!;
    private TestServer _plain = null!; // without TLS

    /// <summary>The files, by name.</summary>
    public static TheoryData<string> Names { get; } = [.. Directory.EnumerateFiles(Repository.File("tests/KubeConfigs"), "*.yaml").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    public async ValueTask InitializeAsync()
    {
        var root = new TestAuthority("root");
        var intermediate = new TestAuthority("intermediate", root);
        var leaf = intermediate.Issue("server", "localhost", "api.example");
        _server = await TestServer.StartAsync(leaf, new X509Certificate2Collection(X509Certificate2.CreateFromPem(intermediate.Pem)));
        _plain = await TestServer.StartAsync(null);
        Furnish(root, intermediate, leaf);
    }

    /// <summary>Writes a file of the corpus with its references filled in.</summary>
    /// <returns>Its path, and the expected result.</returns>
    public (string Path, Outcome Outcome) Write(string name)
    {
        var text = File.ReadAllText(Repository.File($"tests/KubeConfigs/{name}.yaml"), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        var path = _folder["config"];
        foreach (var (key, value) in _values.Append(new("file", path)))
        {
            text = text.Replace($"${{{key}}}", value, StringComparison.Ordinal);
        }

        File.WriteAllText(path, text);
        _server.Visits.Clear();
        _plain.Visits.Clear();
        var said = text.TrimStart('\uFEFF').Split('\n').TakeWhile(line => line.StartsWith("# ", StringComparison.Ordinal)).Select(line => line[2..].TrimEnd('\r')).ToList();
        string? Said(string prefix) => said.Find(line => line.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];
        var shown = said.Where(line => line.StartsWith("taken: ", StringComparison.Ordinal)).Select(line => line["taken: ".Length..]).ToList();
        return (path, new(said.Contains("unreachable") || Said("refused: ") is not null ? null : shown is ["nothing"] ? [] : shown, Said("refused: "), Said("kubectl takes it: ")));
    }

    /// <summary>The credentials in the first request to either server.</summary>
    public IReadOnlyList<string>? Shown()
    {
        if (!_server.Visits.Concat(_plain.Visits).Any())
        {
            return null;
        }

        var visit = _server.Visits.Concat(_plain.Visits).First();
        var headers = visit.Headers.Where(header => Telling.Contains(header.Key, StringComparer.OrdinalIgnoreCase) || header.Key.StartsWith("Impersonate-Extra-", StringComparison.OrdinalIgnoreCase))
            .Select(header => $"{header.Key}: {header.Value}");
        return [.. headers, .. visit.ClientCertificate is { } subject ? [$"certificate {subject}"] : (string[])[]];
    }

    /// <summary>Whether two sets of received credentials are the same: header names are case-insensitive, and their order has no meaning.</summary>
    public static bool AreSame(IReadOnlyList<string>? one, IReadOnlyList<string>? other) =>
        one is null || other is null ? one is null && other is null : one.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(other);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _plain.DisposeAsync();
        _folder.Dispose();
    }

    private void Furnish(TestAuthority root, TestAuthority intermediate, X509Certificate2 leaf)
    {
        var (me, rsa) = (root.Issue("me"), root.IssueRsa("rsa"));
        _folder.Write("pki/root.crt", root.Pem);
        _folder.Write("pki/mid.crt", intermediate.Pem);
        _folder.Write("pki/leaf.crt", leaf.ExportCertificatePem());
        _folder.Write("pki/other.crt", new TestAuthority("other").Pem);
        _folder.Write("pki/bundle.crt", $"# a comment\n{new TestAuthority("other").Pem}\n{root.Pem}");
        _folder.Write("pki/me.crt", me.ExportCertificatePem());
        _folder.Write("pki/me.key", me.KeyPem());
        _folder.Write("pki/me-parameters.key", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + me.GetECDsaPrivateKey()!.ExportECPrivateKeyPem());
        _folder.Write("pki/rsa.crt", rsa.ExportCertificatePem());
        _folder.Write("pki/rsa.key", rsa.GetRSAPrivateKey()!.ExportRSAPrivateKeyPem());
        _folder.Write("pki/token", "from-file\n");
        _folder.WriteScript("plugin", """
            version=$(printf %s "$KUBERNETES_EXEC_INFO" | sed 's/.*"apiVersion":"\([^"]*\)".*/\1/')
            printf '{"apiVersion":"%s","kind":"ExecCredential","status":{"token":"plugin%s%s%s"}}' "$version" "$SUFFIX" "${1:+-$1}" "${2:+-$2}"
            """);
        string Encoded(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var address = string.Create(CultureInfo.InvariantCulture, $"localhost:{_server.Port}");
        _values["server"] = $"https://{address}";
        _values["upper"] = $"HTTPS://{address}";
        _values["login"] = $"https://me:pw@{address}";
        _values["plain"] = string.Create(CultureInfo.InvariantCulture, $"localhost:{_plain.Port}");
        _values["folder"] = _folder.Path;
        _values["root"] = Encoded(root.Pem);
        _values["mid"] = Encoded(intermediate.Pem);
        _values["me"] = Encoded(me.ExportCertificatePem());
        _values["me-key"] = Encoded(me.KeyPem());
    }
}
