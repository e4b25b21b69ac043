using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>Which options of DRBD count for a resource, by the levels that set them.</summary>
public sealed class DrbdOptionsTests
{
    private const string Definition = """[{"name":"rd","resource_group_name":"group","props":{"DrbdOptions/Resource/quorum":"majority"}}]""";

    private static readonly (string, string) Controller = ("/v1/controller/properties", """{"DrbdOptions/Resource/on-no-quorum":"suspend-io","DrbdOptions/Resource/on-no-data-accessible":"suspend-io"}""");

    [Fact]
    public async Task The_definition_comes_before_its_group_and_the_group_before_the_controller() => Assert.Equal(
        new DrbdOptions("majority", "io-error", "suspend-io", null),
        await ReadAsync(("/v1/resource-groups/group", """{"props":{"DrbdOptions/Resource/on-no-quorum":"io-error"}}"""), Controller));

    [Fact]
    public async Task With_a_level_that_cannot_be_read_they_are_not_complete()
    {
        Assert.False((await ReadAsync(Controller)).IsComplete); // no such group
        Assert.False((await ReadAsync(("/v1/resource-groups/group", """{"props":{}}"""), ("/v1/controller/properties", "no JSON"))).IsComplete);
    }

    private static async Task<DrbdOptions> ReadAsync(params (string, string)[] answers)
    {
        await using var server = CannedLinstor.With([("/v1/resource-definitions?resource_definitions=rd", Definition), .. answers]);
        using var fixture = LinstorFixture.Of(server.Address);
        var definitions = await fixture.Linstor.DefinitionsAsync([new("rd")], TestContext.Current.CancellationToken);
        return await fixture.Linstor.OptionsAsync(definitions[new("rd")], TestContext.Current.CancellationToken);
    }
}
