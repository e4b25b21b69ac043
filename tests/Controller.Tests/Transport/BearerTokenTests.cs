using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Tests.Transport;

public sealed class BearerTokenTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestTime _clock = new();
    private readonly LogCapture _log = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_token_is_read_again_after_a_minute_and_not_before()
    {
        var token = Token("first");
        _folder.Write("token", "second");

        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal("first", (await token.CurrentAsync(null, default)).Header?.Parameter);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("second", (await token.CurrentAsync(null, default)).Header?.Parameter);
    }

    [Fact]
    public async Task A_refused_token_is_read_again_at_once()
    {
        var token = Token("first");
        var refused = await token.CurrentAsync(null, default);
        _folder.Write("token", "second");

        Assert.Equal("second", (await token.CurrentAsync(refused, default)).Header?.Parameter);
    }

    [Fact]
    public async Task A_refusal_of_an_older_token_costs_no_reading()
    {
        var token = Token("first");
        var refused = await token.CurrentAsync(null, default);
        _folder.Write("token", "second");
        var second = await token.CurrentAsync(refused, default);
        _folder.Write("token", "third");

        Assert.Same(second, await token.CurrentAsync(refused, default));
    }

    [Fact]
    public async Task A_file_that_is_gone_is_looked_for_once_a_minute_and_each_time_there_is_a_warning()
    {
        var token = Token("first");
        File.Delete(_folder["token"]);

        for (var second = 0; second < 120; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await token.CurrentAsync(null, default);
        }

        var warning = $"What was read before stays in use: token {_folder["token"]} cannot be read: no such file.";
        Assert.Equal([warning, warning], _log.Lines);
    }

    [Fact]
    public async Task A_token_may_be_wrapped_in_JSON()
    {
        Assert.Equal("first", (await Token("""{"token":" first "}""").CurrentAsync(null, default)).Header?.Parameter);
        Assert.Equal("""{"token":7}""", (await Token("""{"token":7}""").CurrentAsync(null, default)).Header?.Parameter);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData(null)]
    public async Task The_last_token_serves_while_the_file_holds_none(string? text)
    {
        var token = Token("first");
        var last = await token.CurrentAsync(null, default);
        File.Delete(_folder["token"]);
        if (text is not null)
        {
            _folder.Write("token", text);
        }

        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Same(last, await token.CurrentAsync(last, default));
    }

    private BearerToken Token(string text) => new(ConfigSource.FromFile("token", _folder.Write("token", text)), _clock, _log);
}
