using Piraeus.HighAvailability.EndToEnd.Tests.ControlPlane;

[assembly: AssemblyFixture(typeof(SharedControlPlane))]
// Tests measure how long recovery takes: they run one after another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Piraeus.HighAvailability.EndToEnd.Tests.ControlPlane;

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
