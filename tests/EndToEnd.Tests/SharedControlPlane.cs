using Piraeus.HighAvailability.ControlPlane;
using Piraeus.HighAvailability.EndToEnd.Tests;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(SharedControlPlane))]
// Tests measure how long recovery takes: they run one after another.
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>The one control plane of a test run, started by the first test that asks for it.</summary>
public sealed class SharedControlPlane : IAsyncDisposable
{
    private readonly Lazy<Task<RealControlPlane>> _plane = new(() => RealControlPlane.StartAsync(CancellationToken.None));

    public Task<RealControlPlane> Plane => _plane.Value;

    public async ValueTask DisposeAsync()
    {
        if (_plane.IsValueCreated && _plane.Value.IsCompletedSuccessfully)
        {
            await (await _plane.Value).DisposeAsync();
        }
    }
}

/// <summary>A cluster on the shared control plane, for as long as the test runs.</summary>
internal static class SharedTestCluster
{
    extension(TestCluster)
    {
        public static async Task<TestCluster> SetAsync(SharedControlPlane shared, Func<string, string>? linstorName = null) =>
            await TestCluster.SetAsync(await shared.Plane, new TestClusterOptions { LinstorName = linstorName ?? (node => node) }, TestContext.Current.CancellationToken);
    }
}
