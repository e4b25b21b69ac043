using System.Reflection;
using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Tests;

/// <summary>What ships with rights in the cluster contains nothing but the controller.</summary>
public sealed class BoundaryTests
{
    private static readonly Assembly Shipped = typeof(ProgramVersion).Assembly;

    [Fact]
    public void The_controller_contains_no_simulator() =>
        Assert.Equal(["Piraeus.HighAvailability.Core"], Shipped.GetReferencedAssemblies().Select(other => other.Name).Where(name => name!.StartsWith("Piraeus", StringComparison.Ordinal)));

    [Fact]
    public void The_controller_contains_no_unsafe_code() =>
        Assert.DoesNotContain(Shipped.Modules, module => module.IsDefined(typeof(System.Security.UnverifiableCodeAttribute)));
}
