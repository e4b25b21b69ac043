using System.Net.Sockets;
using Piraeus.HighAvailability.Simulator.Linstor;
using Piraeus.HighAvailability.Simulator.World;
using static Piraeus.HighAvailability.Simulator.Tests.LinstorTest;

namespace Piraeus.HighAvailability.Simulator.Tests;

public sealed class RestartTests
{
    [Fact]
    public async Task A_restart_truncates_streams_refuses_connections_and_begins_knowing_nothing_on_the_same_port()
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld());
        await using var before = await RawConnection.SubscribeAsync(linstor.Url);
        await before.TakeHeadAsync();
        await before.TakeChunkAsync();
        linstor.Do(world => world.StopLinstor());
        Assert.Empty(await before.TakeAllAsync());
        await Assert.ThrowsAsync<SocketException>(() => RawConnection.SubscribeAsync(linstor.Url));

        linstor.Do(world => world.StopSatellite("node-a"));
        linstor.Do(world => world.StartLinstor());
        await using var after = await WhenListeningAsync(linstor);
        await after.TakeHeadAsync();
        Assert.Equal(NodeAUnknown, await after.TakeChunkAsync());
        linstor.Do(world => world.StartSatellite("node-a"));
        Assert.Equal(NodeAPromotable, await after.TakeChunkAsync());
    }

    [Fact]
    public async Task Refused_connections_do_not_touch_what_LINSTOR_knows()
    {
        await using var linstor = await LinstorServer.StartAsync(SmallWorld());
        linstor.RefusesConnections = true;
        await Assert.ThrowsAsync<SocketException>(() => RawConnection.SubscribeAsync(linstor.Url));
        linstor.RefusesConnections = false;
        await using var wire = await WhenListeningAsync(linstor);
        await wire.TakeHeadAsync();
        Assert.Equal(NodeAPromotable, await wire.TakeChunkAsync());
    }

    [Fact]
    public async Task Faults_happen_by_themselves_in_real_time()
    {
        await using var linstor = await LinstorServer.StartAsync(UsedWorld());
        linstor.Do(world => world.EventQueue.After(TimeSpan.FromMilliseconds(20), () => world.PowerOff("node-a")));
        await linstor.WhenAsync(world => world.KnownOf("pvc-1", "node-b")?.MayPromote == true, Deadline.Soon());
        await linstor.WhenAsync(world => world.FindNode("node-a")!.Status == ConnectionStatus.Offline, Deadline.Soon());
        Assert.False((await linstor.GetReplicaAsync("node-a")).Has("state"));
    }

    /// <summary>The listener comes back a moment after the process does, as in life.</summary>
    private static async Task<RawConnection> WhenListeningAsync(LinstorServer linstor)
    {
        var deadline = Deadline.Soon();
        while (true)
        {
            try
            {
                return await RawConnection.SubscribeAsync(linstor.Url);
            }
            catch (SocketException) when (!deadline.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }
}
