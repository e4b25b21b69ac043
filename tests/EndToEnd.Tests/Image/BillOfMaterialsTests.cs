using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Image;

/// <summary>What the program consists of, as <c>eng/sbom.sh</c> writes it.</summary>
public sealed class BillOfMaterialsTests
{
    [Fact]
    public async Task It_names_every_package_of_the_program_and_the_runtime_each_with_a_licence()
    {
        var files = (await ExternalProgram.OutputAsync(Repository.File("eng/sbom.sh"), [])).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var components = JsonNode.Parse(await File.ReadAllTextAsync(files[0], TestContext.Current.CancellationToken))!["components"]!.AsArray().Select(one => (string)one!["name"]!).ToList();
        Assert.All(await PackagesAsync(), package => Assert.Contains(package, components));
        Assert.Contains("Microsoft.NETCore.App", components);

        var licences = (await File.ReadAllLinesAsync(files[1], TestContext.Current.CancellationToken)).Select(line => line.Split('\t')).ToList();
        Assert.Equal(components.Order(), licences.Select(line => line[0]).Order());
        Assert.All(licences, line => Assert.Contains(line[2], (string[])["Apache-2.0", "MIT"])); // another one would have to be looked at
    }

    // Of the lock file, without the tools that build the program and stay outside it.
    private static async Task<IEnumerable<string>> PackagesAsync()
    {
        var locked = JsonNode.Parse(await File.ReadAllTextAsync(Repository.File("src/Controller/packages.lock.json"), TestContext.Current.CancellationToken))!["dependencies"]!["net10.0"]!.AsObject();
        return locked.Where(package => (string)package.Value!["type"]! != "Project" && !package.Key.StartsWith("Microsoft.", StringComparison.Ordinal)).Select(package => package.Key);
    }
}
