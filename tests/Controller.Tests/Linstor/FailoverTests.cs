using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class FailoverTests
{
    [Fact]
    public async Task When_the_first_is_not_there_the_second_answers_and_stays_current()
    {
        var unreachable = CannedLinstor.ClosedPort();
        await using var second = CannedLinstor.With();
        using var client = LinstorFixture.Of(unreachable, second.Address);

        await client.Linstor.VersionAsync(default);
        await client.Linstor.VersionAsync(default);

        Assert.Equal(3, second.Requests.Count); // The probe, the retry, and the next request at once.
        Assert.Equal($"LINSTOR controller {second.Address} is used from now on. LINSTOR controller {unreachable} cannot be reached for /v1/nodes: Connection refused.", Assert.Single(client.Told.Lines));
    }

    [Fact]
    public async Task A_bare_TCP_accept_is_not_life()
    {
        await using var mute = CannedLinstor.Mute();
        await using var third = CannedLinstor.With();
        using var client = new LinstorFixture(new LinstorSettings([CannedLinstor.ClosedPort(), mute.Address, third.Address]), TimeSpan.FromSeconds(10));
        Assert.Equal("1.34.0", await client.Linstor.VersionAsync(default));
    }

    [Fact]
    public async Task A_timeout_is_a_reason_to_move()
    {
        await using var mute = CannedLinstor.Mute();
        await using var second = CannedLinstor.With();
        using var client = new LinstorFixture(new LinstorSettings([mute.Address, second.Address]), TimeSpan.FromMilliseconds(500));
        Assert.Equal("1.34.0", await client.Linstor.VersionAsync(default));
    }

    [Fact]
    public async Task The_status_of_one_answer_is_no_reason_to_move()
    {
        await using var first = new CannedLinstor(exchange => exchange.AnswerAsync("down", "503 Service Unavailable"));
        await using var second = CannedLinstor.With();
        using var client = LinstorFixture.Of(first.Address, second.Address);

        Assert.Equal(LinstorFailure.ServerError, (await client.FailureAsync()).Failure);
        Assert.Empty(second.Requests);
    }

    [Fact]
    public async Task A_proxy_without_LINSTOR_behind_it_is_not_moved_to()
    {
        await using var proxy = new CannedLinstor(exchange => exchange.AnswerAsync("down", "503 Service Unavailable"));
        using var client = LinstorFixture.Of(CannedLinstor.ClosedPort(), proxy.Address);
        Assert.Equal(LinstorFailure.Unreachable, (await client.FailureAsync()).Failure);
    }

    [Fact]
    public async Task A_controller_that_refuses_our_credentials_is_alive_and_its_refusal_is_reported()
    {
        await using var second = new CannedLinstor(exchange => exchange.AnswerAsync("[]", "401 Unauthorized"));
        using var client = LinstorFixture.Of(CannedLinstor.ClosedPort(), second.Address);
        Assert.Equal(LinstorFailure.Unauthorized, (await client.FailureAsync()).Failure);
    }

    [Fact]
    public async Task When_none_answers_the_first_failure_is_logged()
    {
        var (first, second) = (CannedLinstor.ClosedPort(), CannedLinstor.ClosedPort());
        using var client = LinstorFixture.Of(first, second);

        var failure = await client.FailureAsync();

        Assert.Equal($"LINSTOR controller {first} cannot be reached for /v1/controller/version: Connection refused.", failure.Message);
    }

    [Fact]
    public async Task Requests_that_fail_together_share_one_search()
    {
        await using var second = CannedLinstor.With();
        using var client = LinstorFixture.Of(CannedLinstor.ClosedPort(), second.Address);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.Linstor.VersionAsync(default)));

        Assert.Single(client.Told.Lines);
        Assert.Equal(9, second.Requests.Count);
    }

    [Fact]
    public async Task It_moves_back_when_the_second_goes_away_too()
    {
        var isGone = true;
        await using var first = new CannedLinstor(exchange => isGone ? Task.CompletedTask // hangs up
            : exchange.AnswerAsync(exchange.Path == LinstorConnection.NodesPath ? CannedLinstor.Online : CannedLinstor.Version));
        var second = CannedLinstor.With();
        using var client = LinstorFixture.Of(first.Address, second.Address);

        await client.Linstor.VersionAsync(default);
        isGone = false;
        await second.DisposeAsync();

        Assert.Equal("1.34.0", await client.Linstor.VersionAsync(default));
        Assert.Equal(2, client.Told.Lines.Count);
    }

    [Fact]
    public async Task One_request_that_hangs_is_no_reason_to_leave_a_LINSTOR_controller_that_serves()
    {
        await using var first = CannedLinstor.Alive(exchange => exchange.HangAsync());
        await using var second = CannedLinstor.With();
        using var client = new LinstorFixture(new LinstorSettings([first.Address, second.Address]), TimeSpan.FromSeconds(1));

        var failure = await Assert.ThrowsAsync<LinstorException>(() => client.Linstor.ReportAsync(new("r"), default));

        Assert.Equal((LinstorFailure.TimedOut, first.Address), (failure.Failure, client.Connection.Current.Address));
        Assert.Empty(client.Told.Lines);
    }
}
