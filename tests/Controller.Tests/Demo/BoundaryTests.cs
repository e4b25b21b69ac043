using Piraeus.HighAvailability.Tests;

namespace Piraeus.HighAvailability.Controller.Tests.Demo;

public sealed class BoundaryTests
{
    [Fact]
    public void Nothing_but_the_demo_knows_the_simulator()
    {
        var root = Repository.File("src/Controller");
        var others = Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories).Where(file => !file.StartsWith(Path.Combine(root, "Demo"), StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(others);
        Assert.All(others, file => Assert.DoesNotContain("HighAvailability.Simulator", File.ReadAllText(file), StringComparison.Ordinal));
    }
}
