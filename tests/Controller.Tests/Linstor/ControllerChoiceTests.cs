using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>Which of several LINSTOR controllers is used.</summary>
public sealed class ControllerChoiceTests
{
    private const string Online = "ONLINE";

    private readonly TestTime _clock = new();

    [Theory]
    [InlineData("OFFLINE,OFFLINE,OTHER_CONTROLLER", "LINSTOR controller {0} has no satellite that is ONLINE (2 OFFLINE, 1 OTHER_CONTROLLER).")]
    [InlineData("UNKNOWN", "LINSTOR controller {0} has no satellite that is ONLINE (1 UNKNOWN).")]
    [InlineData("", "LINSTOR controller {0} has no node with a satellite.")]
    [InlineData("500", "LINSTOR controller {0} answered /v1/nodes with status 500.")]
    [InlineData("401", "LINSTOR controller {0} answered /v1/nodes with status 401: check LS_BEARER_TOKEN_FILE, or LS_USERNAME and LS_PASSWORD.")]
    public async Task One_that_answers_but_reaches_no_satellite_is_left_for_one_that_does(string statuses, string fault)
    {
        await using var first = Of(() => statuses);
        await using var second = Of(() => Online);
        using var client = Of(first, second);

        var satellites = await client.Linstor.SatellitesAsync(default);

        Assert.Equal("ONLINE-0", Assert.Single(satellites.Satellites).Name.Value);
        Assert.Equal(
            $"LINSTOR controller {second.Address} is used from now on. {string.Format(System.Globalization.CultureInfo.InvariantCulture, fault, first.Address)}", Assert.Single(client.Told.Lines));
        Assert.Equal(new(second.Address.ToString(), null), client.Connection.InUse);
    }

    [Fact]
    public async Task One_that_reaches_a_satellite_stays_whatever_the_others_reach()
    {
        await using var first = Of(() => "OFFLINE,OFFLINE,ONLINE");
        await using var second = Of(() => "ONLINE,ONLINE,ONLINE");
        using var client = Of(first, second);
        await client.Linstor.SatellitesAsync(default);
        Assert.Equal(first.Address, client.Connection.Current.Address);
        Assert.Empty(second.Requests);
    }

    [Fact]
    public async Task Of_several_others_the_one_that_reaches_a_satellite_is_taken()
    {
        await using var first = Of(() => "500");
        await using var second = Of(() => "OFFLINE");
        await using var third = Of(() => Online);
        using var client = Of(first, second, third);
        await client.Linstor.SatellitesAsync(default);
        Assert.Equal(third.Address, client.Connection.Current.Address);
    }

    [Theory]
    [InlineData("OFFLINE", "OTHER_CONTROLLER")]
    [InlineData("OFFLINE", "")]
    [InlineData("OFFLINE", "401")]
    [InlineData("500", "500")]
    public async Task Where_no_other_is_better_it_stays_and_that_is_logged_once(string statuses, string others)
    {
        await using var first = Of(() => statuses);
        await using var second = Of(() => others);
        using var client = Of(first, second);
        for (var time = 0; time < 3; time++)
        {
            await TryAsync(client);
            _clock.Advance(LinstorControllers.Pause);
        }

        Assert.Equal(first.Address, client.Connection.Current.Address);
        Assert.Equal($"LINSTOR controller {first.Address} stays in use, because no other one is better. {client.Connection.InUse.Fault}", Assert.Single(client.Told.Lines));
    }

    [Fact]
    public async Task While_one_answers_without_a_satellite_the_others_are_tried_every_ten_seconds_and_not_more_often()
    {
        var others = "OFFLINE";
        await using var first = Of(() => "OFFLINE");
        await using var second = Of(() => others);
        using var client = Of(first, second);
        await client.Linstor.SatellitesAsync(default);
        others = Online;

        _clock.Advance(LinstorControllers.Pause - TimeSpan.FromSeconds(1));
        await client.Linstor.SatellitesAsync(default);
        Assert.Equal(first.Address, client.Connection.Current.Address);

        _clock.Advance(TimeSpan.FromSeconds(1));
        await client.Linstor.SatellitesAsync(default);
        Assert.Equal(second.Address, client.Connection.Current.Address);
    }

    [Fact]
    public async Task Two_that_fail_in_turns_and_reach_no_satellite_are_exchanged_at_most_every_ten_seconds()
    {
        var (one, other) = ("500", "OFFLINE");
        await using var first = Of(() => one);
        await using var second = Of(() => other);
        using var client = Of(first, second);
        await client.Linstor.SatellitesAsync(default);
        (one, other) = ("OFFLINE", "500");

        await TryAsync(client);
        Assert.Equal(second.Address, client.Connection.Current.Address);

        _clock.Advance(LinstorControllers.Pause);
        await TryAsync(client);
        Assert.Equal(first.Address, client.Connection.Current.Address);
    }

    [Fact]
    public async Task One_without_nodes_is_never_taken_for_one_that_had_satellites()
    {
        var statuses = Online;
        await using var first = Of(() => statuses);
        await using var second = Of(() => "");
        using var client = Of(first, second);
        await client.Linstor.SatellitesAsync(default);

        statuses = "500";
        await Assert.ThrowsAsync<LinstorException>(() => client.Linstor.SatellitesAsync(default));

        Assert.Equal(first.Address, client.Connection.Current.Address);
    }

    [Fact]
    public async Task A_LINSTOR_controller_that_reaches_no_satellite_is_not_believed_about_resources_while_others_are_configured()
    {
        await using var first = Of(() => "OFFLINE");
        await using var second = Of(() => "OFFLINE");
        using var client = Of(first, second);
        await client.Linstor.SatellitesAsync(default);

        var doubtful = await Assert.ThrowsAsync<LinstorException>(() => client.Linstor.ReportAsync(new("r"), default));

        Assert.Equal(
            (LinstorFailure.Doubtful, $"What it says about resource r is not believed. LINSTOR controller {first.Address} has no satellite that is ONLINE (1 OFFLINE)."),
            (doubtful.Failure, doubtful.Message));
    }

    [Fact]
    public async Task The_only_one_is_believed_and_what_is_wrong_with_it_can_be_seen()
    {
        await using var only = Of(() => "OFFLINE");
        using var client = Of(only);
        await client.Linstor.SatellitesAsync(default);
        Assert.False((await client.Linstor.ReportAsync(new("r"), default)).Exists);
        Assert.Equal(new(only.Address.ToString(), $"LINSTOR controller {only.Address} has no satellite that is ONLINE (1 OFFLINE)."), client.Connection.InUse);
        Assert.Empty(client.Told.Lines);
    }

    [Fact]
    public async Task One_that_serves_but_is_slow_to_show_it_is_left_after_two_seconds_when_a_request_failed_and_another_serves()
    {
        await using var first = CannedLinstor.Alive(_ => Task.CompletedTask); // hangs up
        await using var mute = new CannedLinstor(exchange => exchange.Path == LinstorConnection.NodesPath ? exchange.HangAsync() : Task.CompletedTask);
        using var client = Of(mute, first);
        var request = client.Linstor.ReportAsync(new("r"), default);
        await _clock.RestingAsync(LinstorControllers.Patience);
        _clock.Advance(LinstorControllers.Patience);
        await Assert.ThrowsAsync<LinstorException>(() => request.SoonAsync());
        Assert.Equal(first.Address, client.Connection.Current.Address);
    }

    private static async Task TryAsync(LinstorFixture client)
    {
        try
        {
            await client.Linstor.SatellitesAsync(default);
        }
        catch (LinstorException)
        {
            // What it says is another test's business.
        }
    }

    /// <summary>A LINSTOR controller whose nodes have these connection statuses, or that answers with that HTTP status.</summary>
    private static CannedLinstor Of(Func<string> statuses) => new(exchange => (exchange.Path, statuses()) switch
    {
        (_, "500") => exchange.AnswerAsync("down", "500 Internal Server Error"),
        (_, "401") => exchange.AnswerAsync("[]", "401 Unauthorized"),
        (LinstorConnection.NodesPath, var list) => exchange.AnswerAsync(
            $"[{string.Join(',', list.Split(',', StringSplitOptions.RemoveEmptyEntries).Select((status, at) => $$"""{"name":"{{status}}-{{at}}","type":"SATELLITE","connection_status":"{{status}}"}"""))}]"),
        (LinstorConnection.VersionPath, _) => exchange.AnswerAsync(CannedLinstor.Version),
        _ => exchange.AnswerAsync("""[{"ret_code":-4611686018427387603,"message":"Not found."}]""", "404 Not Found"),
    });

    private LinstorFixture Of(params CannedLinstor[] servers) => new(new LinstorSettings([.. servers.Select(server => server.Address)]), TimeSpan.FromHours(1), _clock);
}
