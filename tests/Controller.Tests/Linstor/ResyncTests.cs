using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class ResyncTests : ResyncFixture
{
    [Fact]
    public async Task The_satellites_are_asked_for_in_each_round()
    {
        Answers["/v1/nodes"] = ("200 OK", """[{"name":"a","type":"SATELLITE","connection_status":"ONLINE"},{"name":"c","type":"CONTROLLER"}]""");
        Start();
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal("a", Assert.Single((await Received.NextAsync<Observation.SatellitesListed>()).Satellites).Name.Value);
            await NextRoundAsync();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(19)]
    [InlineData(20)]
    public async Task A_small_cluster_is_seen_whole_in_each_round(int resources)
    {
        InUse(resources);
        Start();
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(Names(resources), (await RoundAsync()).Order());
            await NextRoundAsync();
        }
    }

    [Fact]
    public async Task Volumes_that_share_a_resource_cost_one_query_and_unused_ones_cost_none()
    {
        Observe(new Observation.Listed<Volume>([.. "123".Select(digit => new Volume($"pv-{digit}", null) { Resource = new("shared") }), new("idle", null) { Resource = new("idle") }, new("nfs", null)]));
        Observe(new Observation.Listed<Attachment>([.. ((string[])["pv-1", "pv-2", "pv-3", "nfs", "unknown"]).Select(volume => new Attachment(volume, new(volume), volume, new("a")))]));
        Start();
        Assert.Equal(["shared"], await RoundAsync());
    }

    [Fact]
    public async Task The_definitions_of_a_round_cost_one_question_and_what_is_not_in_the_answer_another()
    {
        InUse(3);
        Answers["/v1/resource-definitions?resource_definitions=r-0000&resource_definitions=r-0001&resource_definitions=r-0002"] =
            ("200 OK", """[{"name":"r-0000","props":{"DrbdOptions/Resource/quorum":"off"}},{"name":"r-0002","props":{"DrbdOptions/Resource/quorum":"all"}}]""");
        foreach (var name in Names(3))
        {
            Answers[$"/v1/resource-definitions/{name}/resources"] = ("200 OK", """[{"node_name":"a"}]""");
        }

        Answers["/v1/resource-definitions/r-0001"] = ("200 OK", """{"props":{"DrbdOptions/Resource/quorum":"majority"}}""");
        Start();
        await Received.NextAsync<Observation.SatellitesListed>();
        var policies = new Dictionary<string, string?>();
        for (var report = 0; report < 3; report++)
        {
            var reported = (await Received.NextAsync<Observation.ResourceReported>()).Report;
            policies[reported.Resource.Value] = reported.QuorumProperties?.Definition ?? reported.QuorumProperties?.Controller;
        }

        Assert.Equal(["off", "majority", "all"], Names(3).Select(name => policies[name]));

        // Satellites, definitions, the one that was missing in the answer, three lists of resources, and what all of them inherit.
        Assert.Equal(7, Server.Requests.Count);
    }

    [Fact]
    public async Task Two_volumes_of_one_resource_do_not_make_a_round_longer()
    {
        InUse(1200);
        var volumes = Names(1200).SelectMany(name => (Volume[])[new($"pv-{name}", null) { Resource = new(name) }, new($"pv-{name}-1", null) { Resource = new(name) }]);
        Observe(new Observation.Listed<Volume>([.. volumes]));
        Observe(new Observation.Listed<Attachment>([.. Cluster.Volumes.All.Select(held => new Attachment(held.Item.Name, new(held.Item.Name), held.Item.Name, new("a")))]));
        Start();
        Assert.Equal(20, (await RoundAsync()).Count);
    }

    [Fact]
    public async Task A_nudge_starts_the_next_round_at_once()
    {
        Start();
        await Received.NextAsync<Observation.SatellitesListed>();
        await Time.RestingAsync(Interval, 1);
        Resync!.Nudge();
        await Received.NextAsync<Observation.SatellitesListed>();
        await Time.RestingAsync(Interval, 2);
        Assert.False(Received.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Many_nudges_during_a_round_are_one()
    {
        OnNodes = () =>
        {
            OnNodes = null;
            for (var nudge = 0; nudge < 5; nudge++)
            {
                Resync!.Nudge();
            }
        };
        Start();
        await Received.NextAsync<Observation.SatellitesListed>();
        await Received.NextAsync<Observation.SatellitesListed>();
        await Time.RestingAsync(Interval);
        Assert.Equal(2, Server.Requests.Count);
    }
}
