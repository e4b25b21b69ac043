using System.Reflection;
using System.Text.RegularExpressions;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Tests;

/// <summary>What ships with rights in the cluster contains nothing but the controller.</summary>
public sealed partial class BoundaryTests
{
    private static readonly Assembly Shipped = typeof(ProgramVersion).Assembly;

    [Fact]
    public void The_controller_contains_no_simulator() =>
        Assert.Equal(["Piraeus.HighAvailability.Core"], Shipped.GetReferencedAssemblies().Select(other => other.Name).Where(name => name!.StartsWith("Piraeus", StringComparison.Ordinal)));

    // From the bottom up: a folder knows only those that are named behind it.
    private static readonly Dictionary<string, string[]> Knows = new()
    {
        ["Common"] = [],
        ["Transport"] = ["Common"],
        ["Telemetry"] = ["Common"],
        ["Kubernetes"] = ["Common", "Transport"],
        ["Linstor"] = ["Common", "Transport", "Telemetry"],
        ["CommandLine"] = ["Common", "Kubernetes"],
        ["Leadership"] = ["Common", "Kubernetes", "Transport"],
        ["Recording"] = ["Common", "CommandLine"],
        ["Control"] = ["Common", "Transport", "Telemetry", "Kubernetes", "Linstor", "Leadership", "Recording"],
        ["Endpoints"] = ["Common", "CommandLine", "Linstor", "Leadership", "Control"],
        ["History"] = ["Common", "Transport", "Kubernetes", "Control", "Endpoints"],
        ["Forecasting"] = ["Common"],
        ["Surveying"] = ["Common", "Transport", "CommandLine", "Kubernetes", "Linstor"],
        ["Doctor"] = ["Common", "Transport", "CommandLine", "Kubernetes", "Linstor", "History", "Forecasting", "Surveying"],
        ["Explaining"] = ["Common", "Transport", "CommandLine", "Kubernetes", "Linstor", "Leadership", "Control", "Endpoints", "History", "Surveying"],
        ["Rehearsing"] = ["Common", "Transport", "CommandLine", "Kubernetes", "Forecasting", "Surveying"],
    };

    [Fact]
    public void Dependencies_between_folders_point_one_way()
    {
        var root = Repository.File("src/Controller");
        var folders = Directory.GetDirectories(root).Select(folder => Path.GetFileName(folder)!).Where(name => name is not ("bin" or "obj")).ToList();
        Assert.Equal(Knows.Keys.Order(), folders.Order());
        foreach (var folder in folders)
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
            {
                var used = UsedNamespaces().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value).Where(name => folders.Contains(name) && name != folder);
                Assert.All(used, name => Assert.True(Knows[folder].Contains(name), $"{Path.GetRelativePath(root, file)} uses {name}"));
            }
        }
    }

    [GeneratedRegex(@"Piraeus\.HighAvailability\.Controller\.(\w+)")]
    private static partial Regex UsedNamespaces();

    [Fact]
    public void The_controller_contains_no_unsafe_code() =>
        Assert.DoesNotContain(Shipped.Modules, module => module.IsDefined(typeof(System.Security.UnverifiableCodeAttribute)));
}
