using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class SatelliteTests
{
    [Fact]
    public async Task Every_node_but_those_that_never_run_a_satellite_is_one() =>
        Assert.Equal(["a", "b", "e"], (await SatellitesAsync("""
            [{"name":"a","type":"SATELLITE"},{"name":"b","type":"COMBINED"},{"name":"c","type":"CONTROLLER"},{"name":"d","type":"AUXILIARY"},{"name":"e"},{"type":"SATELLITE"},null]
            """)).Select(satellite => satellite.Name.Value));

    [Theory]
    [InlineData("\"ONLINE\"", SatelliteState.Online)]
    [InlineData("\"OFFLINE\"", SatelliteState.Offline)]
    [InlineData("\"CONNECTED\"", SatelliteState.Unknown)]
    [InlineData("\"OTHER_CONTROLLER\"", SatelliteState.Unknown)]
    [InlineData("\"SOMETHING_NEW\"", SatelliteState.Unknown)]
    [InlineData("null", SatelliteState.Unknown)]
    public async Task Its_state_is_its_connection_status(string status, SatelliteState state) =>
        Assert.Equal(state, Assert.Single(await SatellitesAsync($$"""[{"name":"a","type":"SATELLITE","connection_status":{{status}}}]""")).State);

    [Fact]
    public async Task Host_name_and_eviction_are_read() =>
        Assert.Equal(
            [new Satellite(new NodeName("A"), SatelliteState.Offline, "a.example.com", Evicted: true), new Satellite(new NodeName("b"), SatelliteState.Online)],
            await SatellitesAsync("""
                [{"name":"A","type":"SATELLITE","connection_status":"OFFLINE","flags":["DELETE","EVICTED"],"props":{"NodeUname":"a.example.com","CurStltConnName":"default"}},
                 {"name":"b","type":"SATELLITE","connection_status":"ONLINE","flags":["DELETE"],"props":{}}]
                """));

    [Fact]
    public async Task Its_uuid_and_its_own_quorum_policy_are_read()
    {
        var satellites = await SatellitesAsync("""
            [{"name":"a","type":"SATELLITE","uuid":"u-1","props":{"DrbdOptions/Resource/quorum":" OFF "}},{"name":"b","type":"SATELLITE"}]
            """);
        Assert.Equal(("u-1", "off"), (satellites[0].Uuid, satellites[0].QuorumPolicy));
        Assert.Equal((null, null), (satellites[1].Uuid, satellites[1].QuorumPolicy));
    }

    private static async Task<IReadOnlyList<Satellite>> SatellitesAsync(string nodes)
    {
        await using var server = CannedLinstor.With(("/v1/nodes", nodes));
        using var client = LinstorFixture.Of(server.Address);
        return (await client.Linstor.SatellitesAsync(default)).Satellites;
    }
}
