using System.Net.Security;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Kubernetes.KubeConfigs;

/// <summary>A user of a kubeconfig: how it proves its identity, and whom it impersonates.</summary>
internal sealed class KubeConfigUser
{
    public KubeConfigUser(KubeConfigEntry entry, KubeConfigCluster cluster, Func<string, string?> environment, TimeProvider clock, ILogger logger)
    {
        if (entry.Section("auth-provider") is { } provider)
        {
            throw entry.Complaint(provider.Text("name") switch
            {
                ("gcp" or "azure") and var gone => $"auth-provider {gone} was removed from kubectl in 1.26; use exec",
                var other => $"auth-provider {other} is not supported; use exec, for OIDC with a plugin such as kubelogin",
            });
        }

        Impersonation = ActingAs(entry);
        var identity = KeyPair(entry, logger);
        var header = cluster.Login is { } login ? new Credential(login.Header).Always : Header(entry, clock, logger);
        var plugin = entry.Section("exec") is { } exec ? ExecPlugin.Read(exec, cluster, environment) : null;
        if (cluster.Server.Scheme != Uri.UriSchemeHttps)
        {
            // As for kubectl: a credential is not sent unencrypted, except for the one in the address itself.
            Credentials = cluster.Login is null ? Credentials : header!;
            return;
        }

        if (plugin is null && header is null && identity is null)
        {
            throw entry.Complaint("it has no credentials: no token, tokenFile, username, client-certificate or exec");
        }

        if (plugin is not null && header is null) // a token or a password beside it takes precedence, as for kubectl
        {
            var granted = new PluginCredentials(plugin, clock);
            Credentials = granted.CurrentAsync;
            Identity = () => granted.Identity ?? identity?.Invoke();
        }
        else
        {
            Credentials = header ?? Credentials;
            Identity = identity ?? Identity;
        }
    }

    private KubeConfigUser()
    {
    }

    /// <summary>The user of a context that names none.</summary>
    public static KubeConfigUser Nobody { get; } = new();

    public CredentialSource Credentials { get; } = Credential.Anonymous.Always;

    public Func<SslStreamCertificateContext?> Identity { get; } = () => null;

    public Impersonation? Impersonation { get; }

    private static Func<SslStreamCertificateContext?>? KeyPair(KubeConfigEntry entry, ILogger logger) => (entry.Pem("client-certificate"), entry.Pem("client-key")) switch
    {
        (null, null) => null,
        ({ } certificate, { } key) => new LastGoodValue<SslStreamCertificateContext>(() => Pem.Identity(certificate, key), logger).Read,
        (null, _) => throw entry.Complaint("client-key is given without client-certificate"),
        (_, null) => throw entry.Complaint("client-certificate is given without client-key"),
    };

    private static CredentialSource? Header(KubeConfigEntry entry, TimeProvider clock, ILogger logger)
    {
        var (token, tokenFile, name, password) = (entry.Text("token"), entry.Text("tokenFile"), entry.Text("username"), entry.Text("password"));
        if ((token ?? tokenFile) is not null && (name ?? password) is not null)
        {
            throw entry.Complaint("a token and a username or password are both given; only one of them may be");
        }

        return (token, tokenFile, name) switch
        {
            // A file can be rotated, so it is preferred to the token beside it, as in client-go.
            (_, { } path, _) => new BearerToken(entry.File("tokenFile", path), clock, logger).CurrentAsync,
            ({ } text, _, _) => Credential.Bearer(entry.Origin("token"), text).Always,
            (_, _, { } user) => new Credential(new Login(user, password ?? "").Header).Always,
            _ => password is null ? null : throw entry.Complaint("password is given without username"),
        };
    }

    private static Impersonation? ActingAs(KubeConfigEntry entry)
    {
        var (user, uid, groups, extra) = (entry.Text("as"), entry.Text("as-uid"), entry.Texts("as-groups"), entry.TextLists("as-user-extra"));

        // .NET sends several values of a header in one line, which the API server would read as one value of a strange name.
        if (groups.Count > 1)
        {
            throw entry.Complaint("as-groups has more than one group, which is not supported: bind the roles to one of them, or use credentials of the user itself");
        }

        if (extra.FirstOrDefault(one => one.Values.Count > 1) is { Key: { } several })
        {
            throw entry.Complaint($"as-user-extra has more than one value of {several}, which is not supported: give one");
        }

        return user is not null ? new Impersonation(user, uid, groups is [var group] ? group : null, [.. extra.SelectMany(one => one.Values.Select(value => (one.Key, value)))])
            : uid is null && groups.Count == 0 && extra.Count == 0 ? null
            : throw entry.Complaint("as-uid, as-groups or as-user-extra is given without as");
    }
}
