using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>A token that the API server refuses is read again.</summary>
public sealed class TokenRefreshTests : KubeConfigFixture
{
    [Fact]
    public async Task A_refused_token_is_read_again_and_the_request_repeated_once()
    {
        await using var server = await TestServer.StartAsync(Authority.Issue("server", "localhost"));
        server.Answer = context =>
        {
            context.Response.StatusCode = context.Request.Headers.Authorization == "Bearer new" ? 200 : 401;
            return Task.CompletedTask;
        };
        Folder.Write("token", "old");
        using var client = Open(KubeConfigText.Of($"https://localhost:{server.Port}", TrustInline, user: "tokenFile: token")).CreateClient();
        Folder.Write("token", "new");

        (await client.PostAsync("api", new StringContent("body"))).EnsureSuccessStatusCode().Dispose();

        Assert.Equal(["Bearer old", "Bearer new"], server.Visits.Select(visit => visit.Authorization));
    }

    [Theory]
    [InlineData("tokenFile: token")]
    [InlineData("token: old")]
    public async Task A_refusal_is_passed_on_when_there_is_no_fresher_token(string user)
    {
        await using var server = await TestServer.StartAsync(Authority.Issue("server", "localhost"));
        server.Answer = Refuse;
        Folder.Write("token", "old");
        using var client = Open(KubeConfigText.Of($"https://localhost:{server.Port}", TrustInline, user: user)).CreateClient();

        using var response = await client.GetAsync("api");

        Assert.Equal(401, (int)response.StatusCode);
        Assert.Single(server.Visits);
    }

    [Fact]
    public async Task A_request_whose_body_is_gone_is_not_repeated()
    {
        await using var server = await TestServer.StartAsync(Authority.Issue("server", "localhost"));
        server.Answer = Refuse;
        Folder.Write("token", "old");
        using var client = Open(KubeConfigText.Of($"https://localhost:{server.Port}", TrustInline, user: "tokenFile: token")).CreateClient();
        Folder.Write("token", "new");

        using var response = await client.PostAsync("api", new StreamContent(new MemoryStream([1])));

        Assert.Equal(401, (int)response.StatusCode);
        Assert.Single(server.Visits);
    }

    private static Task Refuse(HttpContext context)
    {
        context.Response.StatusCode = 401;
        return Task.CompletedTask;
    }
}
