using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>A client with its connection, its stream and what they logged.</summary>
internal sealed class LinstorFixture : IDisposable
{
    public LinstorFixture(LinstorSettings settings, TimeSpan? deadline = null, TimeProvider? clock = null)
    {
        Connection = new LinstorConnection(settings, clock ?? TimeProvider.System, Told) { Deadline = deadline ?? TimeSpan.FromSeconds(20) };
        Linstor = new LinstorClient(Connection, new MonotonicClock(clock ?? TimeProvider.System));
        Stream = new PromotionStream(Connection, Told.CreateLogger<PromotionStream>());
    }

    public LogCapture Told { get; } = new();

    public LinstorConnection Connection { get; }

    public LinstorClient Linstor { get; }

    public PromotionStream Stream { get; }

    public static LinstorFixture Of(params ControllerAddress[] controllers) => new(new LinstorSettings([.. controllers]));

    /// <summary>Asks for the version, which LINSTOR must refuse or garble.</summary>
    public async Task<LinstorException> FailureAsync() => await Assert.ThrowsAsync<LinstorException>(() => Linstor.VersionAsync(default));

    public void Dispose() => Connection.Dispose();
}
