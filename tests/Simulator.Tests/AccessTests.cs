using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Piraeus.HighAvailability.Simulator.Linstor;
using static Piraeus.HighAvailability.Simulator.Tests.LinstorTest;

namespace Piraeus.HighAvailability.Simulator.Tests;

public sealed class AccessTests
{
    [Theory]
    [InlineData("/v1/nodes")]
    [InlineData("/v1/controller/version")]
    [InlineData("/v1/events/nodes")]
    [InlineData("/v1/events/drbd/promotion")]
    [InlineData("/metrics")]
    public async Task With_tokens_everything_wants_one_and_says_so(string path)
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld(), new LinstorOptions { Tokens = ["s3cret"] });
        using var answer = await linstor.GetAsync(path);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Bearer realm=\"linstor-controller\"", answer.Headers.WwwAuthenticate.ToString());
        Assert.StartsWith("[{\"ret_code\":-4611686018427387492,", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_tokens_health_is_open_and_a_token_opens_the_rest()
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld(), new LinstorOptions { Tokens = ["s3cret"] });
        using var health = await linstor.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(linstor, "/v1/nodes", "bearer", "s3cret"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(linstor, "/v1/nodes", "Bearer", "wrong"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(linstor, "/v1/nodes", "Basic", "s3cret"));
    }

    [Theory]
    [InlineData("/health", null, HttpStatusCode.OK)]
    [InlineData("/v1/controller/version", null, HttpStatusCode.OK)]
    [InlineData("/v1/nodes", null, HttpStatusCode.BadRequest)]
    [InlineData("/v1/nodes", "admin:wrong", HttpStatusCode.BadRequest)]
    [InlineData("/v1/view/resources", null, HttpStatusCode.Unauthorized)]
    [InlineData("/v1/view/resources", "admin:wrong", HttpStatusCode.Forbidden)]
    [InlineData("/v1/nodes", "admin:pass", HttpStatusCode.OK)]
    public async Task Basic_authentication_fails_differently_on_different_paths(string path, string? credentials, HttpStatusCode status)
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld(), new LinstorOptions { Basic = ("admin", "pass") });
        var encoded = credentials is null ? "" : Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials));
        Assert.Equal(status, await StatusAsync(linstor, path, "Basic", encoded));
    }

    [Fact]
    public async Task In_TLS_mode_plain_HTTP_redirects_without_the_query_except_for_health()
    {
        using var certificate = Certificate("CN=LINSTOR Controller");
        await using var linstor = await LinstorServer.StartAsync(SmallWorld(), new LinstorOptions { Certificate = certificate });
        await using var wire = await RawConnection.GetAsync(linstor.PlainUrl, "/v1/view/resources?nodes=node-a");
        var head = await wire.TakeHeadAsync();
        Assert.StartsWith("HTTP/1.1 302 Found\r\n", head, StringComparison.Ordinal);
        Assert.Contains($"\r\nLocation: https://127.0.0.1:{linstor.Url.Port}/v1/view/resources\r\n", head, StringComparison.Ordinal);
        await using var health = await RawConnection.GetAsync(linstor.PlainUrl, "/health");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await health.TakeHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_TLS_mode_the_API_is_behind_the_servers_certificate()
    {
        using var certificate = Certificate("CN=LINSTOR Controller");
        await using var linstor = await LinstorServer.StartAsync(SmallWorld(), new LinstorOptions { Certificate = certificate });
        Assert.Equal("https", linstor.Url.Scheme);
        Assert.Equal(HttpStatusCode.OK, await StatusOverTlsAsync(linstor, certificate, shown: null));
    }

    [Fact]
    public async Task With_an_authority_only_clients_with_its_certificate_are_let_in()
    {
        using var certificate = Certificate("CN=LINSTOR Controller");
        using var authority = Certificate("CN=Clients");
        using var stranger = Certificate("CN=Stranger");
        await using var linstor = await LinstorServer.StartAsync(SmallWorld(), new LinstorOptions { Certificate = certificate, ClientAuthority = authority });
        Assert.Equal(HttpStatusCode.OK, await StatusOverTlsAsync(linstor, certificate, authority));
        await Assert.ThrowsAsync<HttpRequestException>(() => StatusOverTlsAsync(linstor, certificate, shown: null));
        await Assert.ThrowsAsync<HttpRequestException>(() => StatusOverTlsAsync(linstor, certificate, stranger));
    }

    private static async Task<HttpStatusCode> StatusAsync(LinstorServer linstor, string path, string scheme, string credentials)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = credentials.Length > 0 ? new AuthenticationHeaderValue(scheme, credentials) : null;
        using var answer = await http.GetAsync(new Uri(linstor.Url, path), Deadline.Soon());
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> StatusOverTlsAsync(LinstorServer linstor, X509Certificate2 expected, X509Certificate2? shown)
    {
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetCertHashString() == expected.GetCertHashString();
        handler.SslOptions.ClientCertificates = shown is null ? [] : [shown];
        using var http = new HttpClient(handler);
        using var answer = await http.GetAsync(new Uri(linstor.Url, "/v1/nodes"), Deadline.Soon());
        return answer.StatusCode;
    }

    private static X509Certificate2 Certificate(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
