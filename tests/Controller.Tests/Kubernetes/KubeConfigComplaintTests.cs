using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>Every bad kubeconfig is refused in one line that names file and entry, and shows no secret.</summary>
public sealed class KubeConfigComplaintTests : IDisposable
{
    private const string Api = "https://localhost";
    private const string User = "user \"admin\": ";
    private const string Cluster = "cluster \"prod\": ";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("hello", "not a kubeconfig, which is a mapping at its top")]
    [InlineData("a: [b", "not valid YAML at line 2, column 1")]
    [InlineData("a: 1\na: 2", "a is given twice at line 2, column 1")]
    [InlineData("kind: Pod", "not a kubeconfig: apiVersion must be v1, and kind Config")]
    [InlineData("apiVersion: v2", "not a kubeconfig: apiVersion must be v1, and kind Config")]
    [InlineData("current-context: on", "current-context must be text, and YAML reads this as true or false: put it in quotes")]
    [InlineData("{current-context: main, users: [{name: other, user: {token: 5}}]}", "user \"other\": token must be text, and YAML reads this as a number: put it in quotes")]
    [InlineData("kind: Config", "current-context is missing")]
    [InlineData("current-context: ''", "current-context is missing")]
    [InlineData("current-context: [a]", "current-context must be a single value")]
    [InlineData("current-context: main", "current-context names the context \"main\", which is not there")]
    [InlineData("{current-context: main, contexts: main}", "contexts must be a list")]
    [InlineData("{current-context: main, contexts: [main]}", "contexts must be a list of mappings")]
    [InlineData("{current-context: main, contexts: [{context: {}}]}", "contexts: name is missing")]
    [InlineData("{current-context: main, contexts: [{name: main, context: 1}]}", "contexts: context must be a mapping")]
    [InlineData("{current-context: main, contexts: [{name: main}, {name: main}]}", "context \"main\" is defined twice")]
    [InlineData("{current-context: main, contexts: [{name: main}]}", "context \"main\": cluster is missing")]
    [InlineData("{current-context: main, contexts: [{name: main, context: {cluster: prod}}]}", "context \"main\": it names the cluster \"prod\", which is not there")]
    [InlineData("{current-context: main, contexts: [{name: main, context: {cluster: prod}}], clusters: [{name: prod}]}", Cluster + "server is missing")]
    [InlineData("{current-context: main, contexts: [{name: main, context: {cluster: prod, user: me}}], clusters: [{name: prod, cluster: {server: http://a}}]}", "context \"main\": it names the user \"me\", which is not there")]
    public void A_file_that_leads_nowhere_is_refused(string text, string complaint) => AssertRefused(complaint, text);

    [Theory]
    [InlineData("localhost:6443/api", "server must be an address that begins with http:// or https://")]
    [InlineData("ftp://localhost", "server must be an address that begins with http:// or https://")]
    public void An_address_that_is_none_is_refused(string server, string complaint) => AssertRefused(Cluster + complaint, KubeConfigText.Of(server));

    [Theory]
    [InlineData("proxy-url: socks5://me:secret@proxy", "proxy-url must be an address that begins with http:// or https://")]
    [InlineData("insecure-skip-tls-verify: \"true\"", "insecure-skip-tls-verify must be true or false, without quotes")]
    [InlineData("certificate-authority-data: '!!'", "certificate-authority-data is not valid base64")]
    [InlineData("certificate-authority-data: aGVsbG8=", "certificate-authority-data holds no PEM certificate")]
    [InlineData("insecure-skip-tls-verify: true\ncertificate-authority: ca.crt", "insecure-skip-tls-verify makes certificate-authority meaningless; only one of them may be given")]
    public void A_cluster_that_makes_no_sense_is_refused(string cluster, string complaint) => AssertRefused(Cluster + complaint, KubeConfigText.Of(Api, cluster));

    [Theory]
    [InlineData("", "it has no credentials: no token, tokenFile, username, client-certificate or exec")]
    [InlineData("token: secret\nusername: me", "a token and a username or password are both given; only one of them may be")]
    [InlineData("tokenFile: t\npassword: secret", "a token and a username or password are both given; only one of them may be")]
    [InlineData("password: secret", "password is given without username")]
    [InlineData("token: \"sec ret\"", "token holds characters that no token has")]
    [InlineData("token: \"sec\\nret\"", "token holds characters that no token has")]
    [InlineData("client-certificate-data: aGVsbG8=", "client-certificate is given without client-key")]
    [InlineData("client-key-data: aGVsbG8=", "client-key is given without client-certificate")]
    [InlineData("client-certificate-data: '!!'\nclient-key-data: aGVsbG8=", "client-certificate-data is not valid base64")]
    [InlineData("client-certificate-data: aGVsbG8=\nclient-key-data: aGVsbG8=", "client-certificate-data holds no PEM certificate")]
    [InlineData("auth-provider: {name: gcp}", "auth-provider gcp was removed from kubectl in 1.26; use exec")]
    [InlineData("auth-provider: {name: oidc}", "auth-provider oidc is not supported; use exec, for OIDC with a plugin such as kubelogin")]
    [InlineData("token: secret\nas-groups: [devs]", "as-uid, as-groups or as-user-extra is given without as")]
    [InlineData("token: secret\nas: jane\nas-groups: [devs, ops]", "as-groups has more than one group, which is not supported: bind the roles to one of them, or use credentials of the user itself")]
    [InlineData("token: secret\nas: jane\nas-user-extra: {a: [b, c]}", "as-user-extra has more than one value of a, which is not supported: give one")]
    [InlineData("token: secret\nas-user-extra: {a: [b]}", "as-uid, as-groups or as-user-extra is given without as")]
    [InlineData("exec: {command: sh}", "exec: apiVersion is missing")]
    [InlineData("exec: {command: sh, apiVersion: client.authentication.k8s.io/v1alpha1}", "exec: apiVersion must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1")]
    [InlineData("exec: {apiVersion: client.authentication.k8s.io/v1}", "exec: command is missing")]
    [InlineData("exec: {command: no-such-plugin, apiVersion: client.authentication.k8s.io/v1}", "exec: command no-such-plugin was not found")]
    [InlineData("exec: {command: ./plug, apiVersion: client.authentication.k8s.io/v1, installHint: \"Get it\\n  from the web.\"}", "exec: command ./plug was not found: Get it from the web.")]
    [InlineData("exec: {command: sh, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}", "exec: interactiveMode is Always, and a controller has no terminal: use Never or IfAvailable")]
    [InlineData("exec: {command: sh, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Sometimes}", "exec: interactiveMode is Sometimes, and must be Never or IfAvailable")]
    [InlineData("exec: {command: /bin/sh, apiVersion: client.authentication.k8s.io/v1, env: [{value: secret}]}", "exec: env: name is missing")]
    [InlineData("token: 12345", "token must be text, and YAML reads this as a number: put it in quotes")]
    [InlineData("token: yes", "token must be text, and YAML reads this as true or false: put it in quotes")]
    [InlineData("token: [a]", "token must be a single value")]
    [InlineData("token: !!binary '!!'", "token must be text, and this is not valid base64")]
    [InlineData("token: t\nas: jane\nas-groups: [1]", "as-groups must be a list of texts; each must be text, and YAML reads this as a number: put it in quotes")]
    [InlineData("token: t\nas: jane\nas-groups: devs", "as-groups must be a list")]
    [InlineData("<<: 5\ntoken: t", "<< must name a mapping, or a list of mappings")]
    public void A_user_that_makes_no_sense_is_refused(string user, string complaint) => AssertRefused(User + complaint, KubeConfigText.Of(Api, user: user));

    [Fact]
    public void Files_that_cannot_be_read_are_named()
    {
        AssertRefused($"{Cluster}certificate-authority {_folder["no.crt"]} cannot be read: no such file", KubeConfigText.Of(Api, "certificate-authority: no.crt"));
        AssertRefused($"{User}client-certificate {_folder["no.crt"]} cannot be read: no such file", KubeConfigText.Of(Api, user: "client-certificate: no.crt\nclient-key: no.key"));
        AssertRefused($"{User}tokenFile {_folder["nothing"]} cannot be read: no such file", KubeConfigText.Of(Api, user: "tokenFile: nothing"));
        _folder.Write("empty", "\n");
        AssertRefused($"{User}tokenFile {_folder["empty"]} is empty", KubeConfigText.Of(Api, user: "tokenFile: empty"));
    }

    [Fact]
    public void A_certificate_and_a_key_that_do_not_match_are_both_named()
    {
        var authority = new TestAuthority();
        _folder.Write("me.crt", authority.Issue("me").ExportCertificatePem());
        _folder.Write("you.key", authority.Issue("you").KeyPem());

        AssertRefused(
            $"{User}client-certificate {_folder["me.crt"]} and kubeconfig {_folder["config"]}: {User}client-key {_folder["you.key"]} do not belong together",
            KubeConfigText.Of(Api, user: "client-certificate: me.crt\nclient-key: you.key"));
    }

    [Fact]
    public void A_kubeconfig_that_is_not_there_is_named()
    {
        Assert.Equal($"kubeconfig {_folder["no"]} cannot be read: no such file", Complaint(_folder["no"], ""));
        Assert.Equal($"kubeconfig {_folder.Path} cannot be read: permission denied, or it is a directory", Complaint(_folder.Path, ""));
        Assert.Equal($"KUBECONFIG names no file that exists: {_folder["no"]}:{_folder["neither"]}", Complaint("", $"{_folder["no"]}:{_folder["neither"]}"));
    }

    [Fact]
    public void Without_any_way_to_a_cluster_the_ways_are_listed() =>
        Assert.Equal("no Kubernetes API is named: give --kubeconfig, set KUBECONFIG, or run in a pod", Complaint("", ""));

    private void AssertRefused(string complaint, string text)
    {
        var path = _folder.Write("config", text);
        Assert.Equal($"kubeconfig {path}: {complaint}", Complaint(path, ""));
    }

    private static string Complaint(string flag, string variable) =>
        Assert.Throws<SettingsException>(() => KubernetesConnection.Open(flag, name => name == "KUBECONFIG" ? variable : null, TimeProvider.System, new LogCapture())).Message;
}
