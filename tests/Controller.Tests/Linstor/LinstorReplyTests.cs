using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class LinstorReplyTests
{
    [Fact]
    public async Task A_request_names_its_sender_and_what_it_accepts()
    {
        await using var server = CannedLinstor.With();
        using var client = LinstorFixture.Of(server.Address);

        await client.Linstor.VersionAsync(default);

        var request = Assert.Single(server.Requests);
        Assert.Equal("piraeus-ha-controller/0.4.0", request.Header("User-Agent"));
        Assert.Equal("application/json", request.Header("Accept"));
        Assert.Null(request.Header("Accept-Encoding"));
    }

    [Fact]
    public async Task A_redirect_is_not_followed_but_explained()
    {
        var failure = await AnsweredAsync("", "302 Found", "Location: https://localhost:3371/v1/controller/version\r\n");

        Assert.Equal(LinstorFailure.Redirected, failure.Failure);
        Assert.EndsWith("/v1/controller/version with status 302: redirects are not followed; configure its https URL in LS_CONTROLLERS.", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("401 Unauthorized", nameof(LinstorFailure.Unauthorized))]
    [InlineData("400 Bad Request", nameof(LinstorFailure.Unauthorized))]
    [InlineData("403 Forbidden", nameof(LinstorFailure.Forbidden))]
    [InlineData("404 Not Found", nameof(LinstorFailure.NotFound))]
    [InlineData("405 Method Not Allowed", nameof(LinstorFailure.Refused))]
    [InlineData("500 Internal Server Error", nameof(LinstorFailure.ServerError))]
    public async Task An_error_is_reported_with_its_status_and_the_message_of_its_first_error(string status, string failure)
    {
        var refused = await AnsweredAsync("""[{"ret_code":1,"message":"By the way."},{"ret_code":-4611686018427386906,"message":"It is\nbroken.","cause":"secret"}]""", status);

        Assert.Equal(failure, refused.Failure.ToString());
        Assert.EndsWith(" It says: It is broken.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_login_says_which_variables_to_check()
    {
        var refused = await AnsweredAsync("""[{"ret_code":-4611686018427387492,"message":"Login failed."}]""", "400 Bad Request");
        Assert.Contains("check LS_BEARER_TOKEN_FILE, or LS_USERNAME and LS_PASSWORD", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("upstream connect error, token=hunter2")]
    [InlineData("")]
    [InlineData("""{"message":"hunter2"}""")]
    [InlineData("""["hunter2"]""")]
    [InlineData("[null]")]
    public async Task The_body_of_an_error_that_is_not_LINSTORs_is_tolerated_and_not_reported(string body)
    {
        var refused = await AnsweredAsync(body, "500 Internal Server Error");

        Assert.Equal(LinstorFailure.ServerError, refused.Failure);
        Assert.EndsWith("/v1/controller/version with status 500.", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endless_message_is_cut()
    {
        var refused = await AnsweredAsync($$"""[{"ret_code":-1,"message":"{{new string('x', 100_000)}}"}]""", "500 Internal Server Error");
        Assert.InRange(refused.Message.Length, 500, 700);
    }

    [Theory]
    [InlineData("<html>hunter2</html>", "$")]
    [InlineData("""{"version":{"hunter2":1}}""", "$.version")]
    [InlineData("""{"version":"1""", "$.version")]
    [InlineData("", "$")]
    public async Task Invalid_JSON_is_reported_by_controller_endpoint_and_place_but_not_quoted(string body, string place)
    {
        var garbage = await AnsweredAsync(body);

        Assert.Equal(LinstorFailure.Unreadable, garbage.Failure);
        Assert.Matches($@"^LINSTOR controller http://localhost:\d+ answered /v1/controller/version not with the expected JSON but with something else at {System.Text.RegularExpressions.Regex.Escape(place)} \(", garbage.Message);
        Assert.DoesNotContain("hunter2", garbage.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    public async Task A_version_that_is_none_is_unreadable(string body) => Assert.Equal(LinstorFailure.Unreadable, (await AnsweredAsync(body)).Failure);

    [Fact]
    public async Task A_chunked_body_that_breaks_off_is_a_broken_connection()
    {
        await using var server = new CannedLinstor(exchange => exchange.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"version\r\n"));
        using var client = LinstorFixture.Of(server.Address);
        Assert.Equal(LinstorFailure.Unreachable, (await client.FailureAsync()).Failure);
    }

    [Fact]
    public async Task An_answer_whose_body_never_ends_runs_into_the_deadline()
    {
        await using var server = new CannedLinstor(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{");
            await exchange.HangAsync();
        });
        using var client = new LinstorFixture(new LinstorSettings([server.Address]), TimeSpan.FromMilliseconds(100));
        Assert.Equal(LinstorFailure.TimedOut, (await client.FailureAsync()).Failure);
    }

    [Fact]
    public async Task The_callers_own_cancellation_stays_a_cancellation()
    {
        await using var server = CannedLinstor.Mute();
        using var client = LinstorFixture.Of(server.Address);
        using var caller = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Linstor.VersionAsync(caller.Token));
    }

    private static async Task<LinstorException> AnsweredAsync(string body, string status = "200 OK", string headers = "")
    {
        await using var server = new CannedLinstor(exchange => exchange.AnswerAsync(body, status, headers: headers));
        using var client = LinstorFixture.Of(server.Address);
        return await client.FailureAsync();
    }
}
