using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Tests.Transport;

/// <content>Which servers are trusted.</content>
public sealed partial class HttpTransportTests
{
    [Fact]
    public async Task A_server_is_trusted_through_the_given_root()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));

        Assert.Equal("/hello", await GetAsync(Trusting(_authority), $"https://localhost:{server.Port}/hello"));
    }

    [Fact]
    public async Task A_server_is_known_by_its_address_too()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "127.0.0.1"));

        Assert.Equal("/", await GetAsync(Trusting(_authority), $"https://127.0.0.1:{server.Port}/"));
    }

    [Fact]
    public async Task Every_root_of_a_bundle_is_trusted()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));
        var bundle = ConfigSource.Inline("bundle", new TestAuthority("Other CA").Pem + "\n" + _authority.Pem);

        Assert.Equal("/", await GetAsync(new TlsSettings { Authorities = bundle }, $"https://localhost:{server.Port}/"));
    }

    [Fact]
    public async Task A_server_of_another_root_is_refused()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));

        await AssertUntrustedAsync(Trusting(new TestAuthority("Other CA")), $"https://localhost:{server.Port}/");
    }

    [Fact]
    public async Task A_private_root_is_not_trusted_by_itself()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));

        await AssertUntrustedAsync(new TlsSettings(), $"https://localhost:{server.Port}/");
    }

    // A chain may end at any listed certificate, so the program itself checks the ones below.
    [Fact]
    public async Task A_server_is_trusted_through_the_given_intermediate_alone()
    {
        var between = new TestAuthority("between", _authority);
        await using var server = await TestServer.StartAsync(between.Issue("server", "localhost"));

        Assert.Equal("/", await GetAsync(Trusting(between), $"https://localhost:{server.Port}/"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_expired_server_certificate_is_refused_whether_its_issuer_is_a_root_or_not(bool isRoot)
    {
        var issuer = isRoot ? _authority : new TestAuthority("between", _authority);
        await using var server = await TestServer.StartAsync(issuer.IssueExpired("server", "localhost"));

        var refusal = await AssertUntrustedAsync(Trusting(issuer), $"https://localhost:{server.Port}/");
        Assert.Contains("NotTimeValid", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_certificate_that_another_issuer_of_the_same_name_has_signed_is_refused()
    {
        await using var server = await TestServer.StartAsync(new TestAuthority("between", _authority).Issue("server", "localhost"));

        await AssertUntrustedAsync(Trusting(new TestAuthority("between", _authority)), $"https://localhost:{server.Port}/");
    }

    [Fact]
    public async Task A_wrong_host_name_is_refused_although_the_root_is_trusted()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "elsewhere.example"));

        await AssertUntrustedAsync(Trusting(_authority), $"https://localhost:{server.Port}/");
    }

    [Fact]
    public async Task The_server_name_is_asked_for_and_checked_in_place_of_the_address()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "kubernetes.example"));

        await GetAsync(Trusting(_authority) with { ServerName = "kubernetes.example" }, $"https://127.0.0.1:{server.Port}/");

        var visit = Assert.Single(server.Visits);
        Assert.Equal("kubernetes.example", visit.ServerName);
        Assert.Equal($"127.0.0.1:{server.Port}", visit.Headers["Host"]);
    }

    [Fact]
    public async Task A_server_name_that_the_certificate_lacks_is_refused()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "localhost"));

        await AssertUntrustedAsync(Trusting(_authority) with { ServerName = "kubernetes.example" }, $"https://localhost:{server.Port}/");
    }

    [Fact]
    public async Task Any_server_is_believed_when_verification_is_skipped()
    {
        await using var server = await TestServer.StartAsync(_authority.Issue("server", "elsewhere.example"));

        Assert.Equal("/", await GetAsync(new TlsSettings { SkipVerification = true }, $"https://localhost:{server.Port}/"));
    }
}
