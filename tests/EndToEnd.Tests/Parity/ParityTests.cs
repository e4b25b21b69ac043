using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Parity;

/// <summary>The model of Kubernetes gives the answers that the real control plane gives.</summary>
public sealed class ParityTests(SharedControlPlane shared)
{
    [Fact]
    public Task Without_a_release_a_replacement_meets_Multi_Attach_and_is_attached_when_the_controller_looks_again() => SameAsync(
        async cluster =>
        {
            await LoseAsync(cluster);
            await cluster.DeletePodAsync(force: true);
            await cluster.DeleteAttachmentAsync();
            var recorded = await cluster.UntilRecordedAsync("FailedAttachVolume");
            var elsewhere = await cluster.AttachedElsewhereAsync();
            return $"{recorded} / within 70 s: {elsewhere.TotalSeconds < 70}";
        },
        "Multi-Attach error for volume \"VOLUME\" Volume is already exclusively attached to one node and can't be attached to another / within 70 s: True");

    [Fact]
    public Task Once_the_volume_is_released_its_replacement_is_attached_at_once() => SameAsync(
        async cluster =>
        {
            await LoseAsync(cluster);
            await cluster.ReleaseAsync();
            await cluster.DeletePodAsync(force: true);
            await cluster.DeleteAttachmentAsync();
            var elsewhere = await cluster.AttachedElsewhereAsync();
            return $"Multi-Attach: {await cluster.IsToldAsync("FailedAttachVolume")} / within 3 s: {elsewhere.TotalSeconds < 3}";
        },
        "Multi-Attach: False / within 3 s: True");

    [Fact]
    public Task A_volume_that_is_released_is_detached_by_the_attach_detach_controller_itself() => SameAsync(
        async cluster =>
        {
            await LoseAsync(cluster);
            await cluster.ReleaseAsync();
            await cluster.DeletePodAsync(force: true);
            await cluster.UntilDetachedAsync();
            return $"within 3 s: {(await cluster.AttachedElsewhereAsync()).TotalSeconds < 3}";
        },
        "within 3 s: True");

    [Fact]
    public Task With_a_taint_the_replacement_goes_elsewhere() => SameAsync(
        async cluster =>
        {
            await LoseAsync(cluster);
            await cluster.CordonAsync("b");
            await cluster.DeletePodAsync(force: true);
            return await cluster.ReplacementAsync() ?? "nowhere";
        },
        "c");

    [Fact]
    public Task Where_no_node_is_left_it_says_why() => SameAsync(
        async cluster =>
        {
            await LoseAsync(cluster);
            await cluster.TaintAsync("b");
            await cluster.CordonAsync("c");
            await cluster.DeletePodAsync(force: true);
            return $"{await cluster.ReplacementAsync() ?? "nowhere"}: {await cluster.UntilRecordedAsync("FailedScheduling")}";
        },
        "nowhere: 0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had taint {drbd.linbit.com/lost-quorum: }, that the pod didn't tolerate.");

    [Fact]
    public Task A_stateful_pod_is_not_replaced_while_the_old_one_exists() => SameAsync(
        async cluster =>
        {
            await LoseAsync(cluster);
            var polite = await cluster.DeletePodAsync(force: false);
            await cluster.LetTimePassAsync();
            var (isThere, forced) = (cluster.HasOldPod, await cluster.DeletePodAsync(force: true));
            await cluster.ReplacementAsync();
            return $"{polite}, still there: {isThere}, {forced}, still there: {cluster.HasOldPod}";
        },
        "Pending, still there: True, Gone, still there: False");

    [Fact]
    public Task A_deletion_with_another_uid_is_a_conflict() => SameAsync(
        async cluster =>
        {
            await LoseAsync(cluster);
            var answer = await cluster.DeletePodAsync(force: true, uid: "00000000-0000-0000-0000-000000000000");
            return $"{answer}, still there: {cluster.HasOldPod}";
        },
        "Conflict, still there: True");

    [Fact]
    public Task An_attachment_stays_until_the_attacher_lets_go() => SameAsync(
        async cluster =>
        {
            await LoseAsync(cluster);
            cluster.PauseAttacher(true);
            var isNamedAlike = cluster.Attachment == cluster.ExpectedAttachment;
            await cluster.ReleaseAsync();
            await cluster.DeletePodAsync(force: true);
            await cluster.DeleteAttachmentAsync();
            await cluster.LetTimePassAsync();
            var isThere = cluster.Attachment is not null;
            cluster.PauseAttacher(false);
            await cluster.UntilDetachedAsync();
            return $"named alike: {isNamedAlike}, still there: {isThere}";
        },
        "named alike: True, still there: True");

    private static async Task LoseAsync(ICluster cluster)
    {
        await cluster.StartAsync();
        cluster.Crash();
        await cluster.TaintAsync("a");
    }

    /// <summary>Both give the answer that is expected, so that neither can be wrong together with the other.</summary>
    private async Task SameAsync(Func<ICluster, Task<string>> scenario, string expected)
    {
        await using (var model = new ModelCluster())
        {
            Assert.Equal(expected, await scenario(model));
        }

        await using var real = new RealCluster(await TestNamespace.CreateAsync(await shared.Plane, new TestNamespaceOptions(), TestContext.Current.CancellationToken));
        Assert.Equal(expected, await scenario(real));
    }
}
