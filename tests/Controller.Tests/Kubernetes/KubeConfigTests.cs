using System.Security.Cryptography.X509Certificates;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Tests.Transport;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>How a kubeconfig becomes a connection.</summary>
public sealed class KubeConfigTests : KubeConfigFixture
{
    [Fact]
    public async Task A_token_and_an_inline_root_are_enough()
    {
        await using var server = await TestServer.StartAsync(Authority.Issue("server", "localhost"));
        var connection = Open(KubeConfigText.Of($"https://localhost:{server.Port}", TrustInline, "token: abc"));

        var visit = await VisitAsync(connection, server);

        Assert.Equal("Bearer abc", visit.Authorization);
        Assert.Equal($"piraeus-ha-controller/{ProgramVersion.Version}", visit.Headers["User-Agent"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_whose_certificate_only_bears_the_name_of_a_trusted_intermediate_is_refused(bool isSent)
    {
        var (trusted, other) = (new TestAuthority("between", Authority), new TestAuthority("between", Authority));
        await using var server = await TestServer.StartAsync(other.Issue("server", "localhost"), isSent ? new(X509Certificate2.CreateFromPem(other.Pem)) : null);
        using var client = Open(KubeConfigText.Of($"https://localhost:{server.Port}", $"certificate-authority-data: {KubeConfigText.Base64(trusted.Pem)}")).CreateClient();

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("version"));
        Assert.Empty(server.Visits);
    }

    [Fact]
    public async Task Inline_client_certificates_are_shown()
    {
        await using var server = await TestServer.StartAsync(Authority.Issue("server", "localhost"));
        var me = Authority.Issue("me");
        var user = $"client-certificate-data: {KubeConfigText.Base64(me.ExportCertificatePem())}\nclient-key-data: {KubeConfigText.Base64(me.KeyPem())}";

        var visit = await VisitAsync(Open(KubeConfigText.Of($"https://localhost:{server.Port}", TrustInline, user)), server);

        Assert.Equal("CN=me", visit.ClientCertificate);
        Assert.Null(visit.Authorization);
    }

    [Fact]
    public async Task Files_are_looked_for_beside_the_kubeconfig_that_names_them()
    {
        await using var server = await TestServer.StartAsync(Authority.Issue("server", "localhost"));
        var me = Authority.Issue("me");
        Folder.Write("pki/ca.crt", Authority.Pem);
        Folder.Write("pki/me.crt", me.ExportCertificatePem());
        Folder.Write("pki/me.key", me.KeyPem());
        Folder.Write("pki/token", "from-file\n");
        var user = "client-certificate: pki/me.crt\nclient-key: pki/me.key\ntokenFile: pki/token";

        var visit = await VisitAsync(Open(KubeConfigText.Of($"https://localhost:{server.Port}", "certificate-authority: pki/ca.crt", user)), server);

        Assert.Equal("CN=me", visit.ClientCertificate);
        Assert.Equal("Bearer from-file", visit.Authorization);
    }

    [Fact]
    public async Task Half_way_through_a_rotation_the_old_client_certificate_is_shown()
    {
        await using var server = await TestServer.StartAsync(Authority.Issue("server", "localhost"));
        var me = Authority.Issue("me");
        Folder.Write("me.crt", me.ExportCertificatePem());
        Folder.Write("me.key", me.KeyPem());
        var connection = Open(KubeConfigText.Of($"https://localhost:{server.Port}", TrustInline, "client-certificate: me.crt\nclient-key: me.key"));

        Folder.Write("me.crt", Authority.Issue("you").ExportCertificatePem());

        Assert.Equal("CN=me", (await VisitAsync(connection, server)).ClientCertificate);
        Assert.Contains("do not belong together", Assert.Single(Told.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_name_and_password_are_sent_as_basic_authentication()
    {
        await using var server = await TestServer.StartAsync(Authority.Issue("server", "localhost"));

        var visit = await VisitAsync(Open(KubeConfigText.Of($"https://localhost:{server.Port}", TrustInline, user: "username: me\npassword: \"1234\"")), server);

        Assert.Equal("Basic bWU6MTIzNA==", visit.Authorization);
    }

    [Theory]
    [InlineData("http://", "")]
    [InlineData("http://", "token: abc")]
    [InlineData("http://", "username: me\npassword: secret")]
    [InlineData("", "token: abc")]
    public async Task A_server_without_TLS_is_sent_no_credentials(string scheme, string user)
    {
        await using var server = await TestServer.StartAsync(null);

        var visit = await VisitAsync(Open(KubeConfigText.Of($"{scheme}localhost:{server.Port}", user: user)), server);

        Assert.Null(visit.Authorization);
    }

    [Fact]
    public async Task The_server_name_and_insecurity_of_the_cluster_are_honoured()
    {
        await using var server = await TestServer.StartAsync(Authority.Issue("server", "kubernetes.example"));

        var named = await VisitAsync(Open(KubeConfigText.Of($"https://localhost:{server.Port}", TrustInline + "\ntls-server-name: kubernetes.example")), server);
        Assert.Equal("kubernetes.example", named.ServerName);
        await VisitAsync(Open(KubeConfigText.Of($"https://localhost:{server.Port}", "insecure-skip-tls-verify: true")), server);
    }

    [Fact]
    public async Task The_proxy_of_the_cluster_is_used()
    {
        await using var server = await TestServer.StartAsync(null);
        await using var proxy = new TestProxy("HTTP/1.1 200 OK");

        await VisitAsync(Open(KubeConfigText.Of($"http://localhost:{server.Port}", $"proxy-url: http://127.0.0.1:{proxy.Port}")), server);

        Assert.StartsWith($"CONNECT localhost:{server.Port} ", proxy.Received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_may_act_as_another()
    {
        await using var server = await TestServer.StartAsync(null);

        var visit = await VisitAsync(Open(KubeConfigText.Of($"http://localhost:{server.Port}", user: "token: t\nas: jane\nas-uid: \"7\"\nas-groups: [devs]")), server);

        Assert.Equal("jane", visit.Headers["Impersonate-User"]);
        Assert.Equal("7", visit.Headers["Impersonate-Uid"]);
        Assert.Equal("devs", visit.Headers["Impersonate-Group"]);
    }

    [Fact]
    public async Task A_path_before_the_API_survives()
    {
        await using var server = await TestServer.StartAsync(null);
        var connection = Open(KubeConfigText.Of($"http://localhost:{server.Port}/k8s/clusters/c1"));
        using var client = connection.CreateClient();

        Assert.Equal("/k8s/clusters/c1/api/v1/pods", await client.GetStringAsync("api/v1/pods"));
        Assert.Equal($"http://localhost:{server.Port}/k8s/clusters/c1/", connection.Server.ToString());
    }

    [Theory]
    [InlineData("", "default")]
    [InlineData("namespace: storage", "storage")]
    public void The_namespace_is_that_of_the_context(string context, string expected) =>
        Assert.Equal(expected, Open(KubeConfigText.Of("http://localhost", context: context)).Namespace);

    [Fact]
    public void A_kubeconfig_may_be_written_in_JSON() => Assert.Equal(
        "http://json.example/",
        Open("""
             {"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k"}}], "clusters": [{"name": "k", "cluster": {"server": "http://json.example"}}], "users": null}
             """).Server.ToString());

    [Fact]
    public void Of_several_files_the_first_to_say_something_wins()
    {
        var first = Folder.Write("first", """
            contexts: [{name: main, context: {cluster: prod, user: admin, namespace: from-first}}]
            """);
        var second = Folder.Write("sub/second", KubeConfigText.Of("http://from-second", user: "tokenFile: token", context: "namespace: from-second"));
        Folder.Write("sub/token", "abc");
        var third = Folder.Write("third", KubeConfigText.Of("http://from-third").Replace("current-context: main", "current-context: other", StringComparison.Ordinal));

        var connection = Open("", $"{first}:{Folder["missing"]}:{second}:{third}");

        Assert.Equal("http://from-second/", connection.Server.ToString());
        Assert.Equal("from-first", connection.Namespace);
    }

    [Fact]
    public void The_flag_precedes_the_variable_and_the_variable_the_pod()
    {
        var flag = Folder.Write("flag", KubeConfigText.Of("http://flag"));
        var variable = Folder.Write("variable", KubeConfigText.Of("http://variable"));

        Assert.Equal("http://flag/", Open(flag, variable).Server.ToString());
        Assert.Equal("http://variable/", Open("", variable).Server.ToString());
    }

    private static async Task<TestServer.Visit> VisitAsync(KubernetesConnection connection, TestServer server)
    {
        using var client = connection.CreateClient();
        Assert.Equal("/version", await client.GetStringAsync("version"));
        return server.Visits.Last();
    }
}
