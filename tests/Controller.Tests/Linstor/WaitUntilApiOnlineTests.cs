using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class WaitUntilApiOnlineTests
{
    private readonly TestTime _clock = new() { SkipsRests = true };

    [Fact]
    public async Task A_LINSTOR_that_answers_is_ready_at_once()
    {
        await using var server = CannedLinstor.With();
        using var client = LinstorFixture.Of(server.Address);

        Assert.Equal(0, await Wait(client).RunAsync(default));
        Assert.Equal(["The LINSTOR API is ready: version 1.34.0."], client.Told.Lines);
        Assert.Empty(_clock.AllRests);
    }

    [Fact]
    public async Task It_asks_again_after_one_second_at_first_and_ten_at_most()
    {
        var asked = 0;
        await using var server = new CannedLinstor(exchange => ++asked < 8
            ? exchange.AnswerAsync("starting", "503 Service Unavailable", "text/plain")
            : exchange.AnswerAsync(CannedLinstor.Version));
        using var client = LinstorFixture.Of(server.Address);

        Assert.Equal(0, await Wait(client).RunAsync(default));
        Assert.Equal([1, 2, 4, 8, 10, 10, 10], _clock.AllRests.Select(pause => pause.TotalSeconds));
        Assert.Equal($"The LINSTOR API is not ready: LINSTOR controller {server.Address} answered /v1/controller/version with status 503.", client.Told.Lines.First());
    }

    [Fact]
    public async Task A_LINSTOR_that_says_nothing_is_asked_again_after_the_deadline()
    {
        var asked = 0;
        await using var server = new CannedLinstor(exchange => ++asked is 1 ? exchange.HangAsync() : exchange.AnswerAsync(CannedLinstor.Version));
        using var client = new LinstorFixture(new LinstorSettings([server.Address]), TimeSpan.FromMilliseconds(300));

        Assert.Equal(0, await Wait(client).RunAsync(default));
        Assert.Equal($"The LINSTOR API is not ready: LINSTOR controller {server.Address} did not answer /v1/controller/version in time.", client.Told.Lines.First());
    }

    [Fact]
    public async Task A_wish_to_stop_ends_the_question_at_once_with_one()
    {
        using var stop = new CancellationTokenSource();
        await using var server = new CannedLinstor(async exchange =>
        {
            await stop.CancelAsync();
            await exchange.HangAsync();
        });
        using var client = LinstorFixture.Of(server.Address);
        Assert.Equal(1, await Wait(client).RunAsync(stop.Token));
    }

    [Fact]
    public async Task A_wish_to_stop_ends_the_pause_at_once_with_one()
    {
        using var stop = new CancellationTokenSource();
        using var client = LinstorFixture.Of(CannedLinstor.ClosedPort());
        var waiting = new WaitUntilApiOnline(client.Linstor, TimeProvider.System, client.Told.CreateLogger<WaitUntilApiOnline>()).RunAsync(stop.Token);

        await stop.CancelAsync();

        Assert.Equal(1, await waiting.WaitAsync(TimeSpan.FromSeconds(1)));
    }

    private WaitUntilApiOnline Wait(LinstorFixture client) => new(client.Linstor, _clock, client.Told.CreateLogger<WaitUntilApiOnline>());
}
