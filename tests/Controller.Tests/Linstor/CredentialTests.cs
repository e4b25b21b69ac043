using System.Text;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class CredentialTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestTime _clock = new();
    private readonly LogCapture _log = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Without_credentials_none_are_sent() => Assert.Equal([null], await SentAsync(server => new LinstorSettings([server.Address])));

    [Fact]
    public async Task A_login_is_sent_as_Basic() =>
        Assert.Equal([Basic("me:hünter2")], await SentAsync(server => new LinstorSettings([server.Address]) { Login = new Login("me", "hünter2") }));

    [Fact]
    public async Task The_user_info_of_a_URL_is_sent_as_Basic() =>
        Assert.Equal([Basic("you:there")], await SentAsync(server => new LinstorSettings([server.Address with { Login = new Login("you", "there") }])));

    [Fact]
    public async Task A_login_goes_before_the_user_info_of_a_URL() =>
        Assert.Equal([Basic("me:here")], await SentAsync(server => new LinstorSettings([server.Address with { Login = new Login("you", "there") }]) { Login = new Login("me", "here") }));

    [Fact]
    public async Task A_token_replaces_every_login()
    {
        var token = Token("s3cret");
        Assert.Equal(["Bearer s3cret"], await SentAsync(server => new LinstorSettings([server.Address]) { Login = new Login("me", "here"), Token = token }));
    }

    [Fact]
    public async Task A_token_is_read_again_after_a_minute_and_not_before()
    {
        var token = Token("old");
        await using var server = CannedLinstor.With();
        using var client = new LinstorFixture(new LinstorSettings([server.Address]) { Token = token }, clock: _clock);

        _folder.Write("token", "new");
        _clock.Advance(TimeSpan.FromSeconds(59));
        await client.Linstor.VersionAsync(default);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await client.Linstor.VersionAsync(default);

        Assert.Equal(["Bearer old", "Bearer new"], Authorizations(server));
    }

    [Fact]
    public async Task A_refused_token_is_read_again_and_the_new_one_tried_at_once()
    {
        var token = Token("old");
        await using var server = Guarded("Bearer new");
        using var client = new LinstorFixture(new LinstorSettings([server.Address]) { Token = token }, clock: _clock);

        _folder.Write("token", "new");

        Assert.Equal("1.34.0", await client.Linstor.VersionAsync(default));
        Assert.Equal(["Bearer old", "Bearer new"], Authorizations(server));
    }

    [Fact]
    public async Task A_refused_token_that_did_not_change_is_not_tried_twice()
    {
        var token = Token("old");
        await using var server = Guarded("Bearer new");
        using var client = new LinstorFixture(new LinstorSettings([server.Address]) { Token = token }, clock: _clock);

        Assert.Equal(LinstorFailure.Unauthorized, (await client.FailureAsync()).Failure);
        Assert.Equal(["Bearer old"], Authorizations(server));
    }

    [Fact]
    public async Task A_token_file_that_vanished_leaves_the_old_token_in_use_and_says_so()
    {
        var token = Token("old");
        await using var server = CannedLinstor.With();
        using var client = new LinstorFixture(new LinstorSettings([server.Address]) { Token = token }, clock: _clock);

        File.Delete(_folder["token"]);
        _clock.Advance(TimeSpan.FromMinutes(2));
        await client.Linstor.VersionAsync(default);

        Assert.Equal(["Bearer old"], Authorizations(server));
        Assert.Equal($"What was read before stays in use: token {_folder["token"]} cannot be read: no such file.", Assert.Single(_log.Lines));
    }

    private CredentialSource Token(string text) => new BearerToken(ConfigSource.FromFile("token", _folder.Write("token", text)), _clock, _log).CurrentAsync;

    private static string Basic(string text) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}";

    private static IEnumerable<string?> Authorizations(CannedLinstor server) => server.Requests.Select(request => request.Header("Authorization"));

    private static CannedLinstor Guarded(string key) => new(exchange => exchange.Header("Authorization") == key
        ? exchange.AnswerAsync(CannedLinstor.Version)
        : exchange.AnswerAsync("""[{"ret_code":-4611686018427387492,"message":"Token refused."}]""", "401 Unauthorized"));

    private static async Task<IEnumerable<string?>> SentAsync(Func<CannedLinstor, LinstorSettings> settings)
    {
        await using var server = CannedLinstor.With();
        using var client = new LinstorFixture(settings(server));
        await client.Linstor.VersionAsync(default);
        return Authorizations(server);
    }
}
