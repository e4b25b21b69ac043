using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class ResyncFailureTests : ResyncFixture
{
    [Fact]
    public async Task One_resource_whose_request_hangs_delays_no_other_and_does_not_silence_LINSTOR()
    {
        InUse(12);
        Hanging = "/v1/resource-definitions/r-0003/resources";
        Start();
        Assert.Equal(Names(12).Where(name => name != "r-0003"), await ReportedAsync(11));
        await NextRoundAsync(LongestWait); // the round goes on without it

        Assert.Equal(Names(12).Where(name => name != "r-0003"), await ReportedAsync(11));
        Assert.DoesNotContain(Connected.Told.Lines, line => line.Contains("does not answer;", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_definition_that_hangs_in_a_request_for_many_is_asked_for_by_itself_from_then_on()
    {
        InUse(3);
        Answers["/v1/resource-definitions/r-0001"] = ("200 OK", "{}");
        foreach (var name in Names(3))
        {
            Answers[$"/v1/resource-definitions/{name}/resources"] = ("200 OK", """[{"node_name":"a"}]""");
        }

        using var impatient = new LinstorFixture(new LinstorSettings([Server.Address]), TimeSpan.FromSeconds(1));
        Hanging = "/v1/resource-definitions?resource_definitions=r-0000&resource_definitions=r-0001&resource_definitions=r-0002";
        Start(client: impatient);
        Assert.Equal(Names(3), await ReportedAsync(3));
        await NextRoundAsync();
        Assert.Equal(Names(3), await ReportedAsync(3));
        Assert.Single(Server.Requests, request => request.Path == Hanging);
    }

    [Fact]
    public async Task A_request_that_times_out_while_the_satellites_do_not_answer_either_is_LINSTORs_silence()
    {
        InUse(1);
        using var impatient = new LinstorFixture(new LinstorSettings([Server.Address]), TimeSpan.FromSeconds(1));
        Hanging = "/v1/resource-definitions/r-0000/resources";
        Start(client: impatient);
        await Received.NextAsync<Observation.SatellitesListed>();
        Answers["/v1/nodes"] = ("503 Service Unavailable", "down");
        await Time.RestingAsync(FirstDelay);
        Time.Advance(FirstDelay);
        await Received.NextAsync<Observation.SourceLost>();
    }

    [Fact]
    public async Task That_LINSTOR_does_not_answer_is_reported_to_the_loop_each_time_and_logged_once()
    {
        Answers["/v1/nodes"] = ("503 Service Unavailable", "down");
        Start();
        await Time.RestingAsync(FirstDelay);
        Time.Advance(FirstDelay);
        await Time.RestingAsync(2 * FirstDelay);
        Answers["/v1/nodes"] = ("200 OK", "[]");
        Time.Advance(2 * FirstDelay);
        await Time.RestingAsync(Interval);

        await Received.NextAsync<Observation.SourceLost>();
        await Received.NextAsync<Observation.SourceLost>();
        await Received.NextAsync<Observation.SatellitesListed>();
        Assert.Equal(2, Connected.Told.Lines.Count);
        Assert.StartsWith("LINSTOR does not answer; nothing is decided until it does. ", Connected.Told.Lines.First(), StringComparison.Ordinal);
        Assert.Equal("LINSTOR answers.", Connected.Told.Lines.Last());
    }

    [Fact]
    public async Task One_unreadable_answer_does_not_silence_all()
    {
        InUse(3);
        Answers["/v1/resource-definitions/r-0001/resources"] = ("200 OK", "garbage");
        Start();
        Assert.Equal(["r-0000", "r-0002"], await RoundAsync());
        Assert.False(Received.Reader.TryRead(out _));
        Assert.StartsWith("LINSTOR's answer about resource r-0001 is of no use: ", Assert.Single(Connected.Told.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_was_suspended_first_reports_that_it_did_not_query_LINSTOR_meanwhile()
    {
        Start();
        await Received.NextAsync<Observation.SatellitesListed>();
        await Time.RestingAsync(Interval);
        Time.Advance(Interval); // as ever
        await Received.NextAsync<Observation.SatellitesListed>();
        await Time.RestingAsync(Interval, 2);

        Time.Sleep(TimeSpan.FromMinutes(5));
        Time.Advance(Interval);
        await Received.NextAsync<Observation.SourceLost>();
        await Received.NextAsync<Observation.SatellitesListed>();
    }

    [Fact]
    public async Task A_full_inbox_does_not_keep_it_from_stopping()
    {
        while (Received.Writer.TryWrite(new Observation.Tick()))
        {
        }

        Start();
        await Stop.CancelAsync();
        await Running.CancelledAsync();
    }
}
