using System.Collections.Immutable;
using Piraeus.HighAvailability.Controller.Doctor;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Surveying;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Doctor;

/// <summary>What the checks find wrong with volumes and pods.</summary>
public sealed class VolumeChecksTests
{
    private static readonly DrbdOptions Operators = new("majority", "suspend-io", "suspend-io", "force-secondary") { RoleConflict = "retry-connect" };

    [Fact]
    public void Three_replicas_with_quorum_and_the_operators_options_leave_nothing_to_say() =>
        Assert.Equal(["Ok: LINSTOR has a resource definition for each of 1 PersistentVolumes."], Volumes(Report("rd", Three()), Operators));

    [Fact]
    public void Two_replicas_and_a_tie_breaker_are_well() =>
        Assert.Single(Volumes(Report("rd", [Disk("a"), Disk("b"), new Replica(new("c")) { Diskless = true, Score = 2 }]), Operators));

    [Theory]
    [InlineData("one replica", "Only one node has data of resource rd.")]
    [InlineData("no tie-breaker", "There is no tie-breaker for resource rd.")]
    [InlineData("not up to date", "A replica is not UpToDate: rd on b.")]
    [InlineData("one of two volumes", "A replica is not UpToDate: rd on b.")]
    [InlineData("link down", "A connection is down: rd from b to c.")]
    public void What_is_wrong_with_a_replica_is_named(string state, string warning) => Assert.Equal([$"Warning: {warning}"], Volumes(Report("rd", state switch
    {
        "one replica" => [Disk("a")],
        "no tie-breaker" => [Disk("a"), Disk("b")],
        "not up to date" => [Disk("a"), Disk("b") with { Score = 10002 }, Disk("c")],
        "one of two volumes" => [Disk("a") with { VolumeCount = 2, Score = 10203 }, Disk("b") with { VolumeCount = 2, Score = 10102 }, Disk("c") with { VolumeCount = 2, Score = 10203 }],
        _ => [Disk("a"), Disk("b") with { Connections = [new("a", Up: true), new("c", Up: false)] }, Disk("c")],
    }), Operators)[1..]);

    [Theory]
    [InlineData("off", "Warning: No quorum policy fences resource rd (quorum off).")]
    [InlineData(null, "Warning: No quorum policy fences resource rd (quorum off).")]
    [InlineData("1", "Warning: No quorum policy fences resource rd (quorum 1).")]
    public void A_policy_that_does_not_fence_is_named(string? policy, string warning) =>
        Assert.Equal([warning], Volumes(Report("rd", Three(), policy), Operators with { Quorum = policy })[1..]);

    [Theory]
    [InlineData("suspend-io", "suspend-io", "disconnect", "Warning: A lost Primary stays suspended: resource rd.")]
    [InlineData(null, "suspend-io", null, "Warning: A lost Primary stays suspended: resource rd.")]
    [InlineData("suspend-io", null, "force-secondary", "Warning: on-no-data-accessible differs from on-no-quorum: resource rd.")]
    [InlineData("io-error", "io-error", null, null)]
    [InlineData("io-error", null, null, null)]
    [InlineData("io-error", "suspend-io", null, "Warning: on-no-data-accessible differs from on-no-quorum: resource rd.")]
    [InlineData("suspend-io", "io-error", "force-secondary", "Warning: on-no-data-accessible differs from on-no-quorum: resource rd.")]
    public void Options_that_do_not_suit_a_failover_are_named(string? quorumLost, string? dataLost, string? outdated, string? warning) =>
        Assert.Equal(warning is null ? [] : [warning], Volumes(Report("rd", Three()), new DrbdOptions("majority", quorumLost, dataLost, outdated) { RoleConflict = "retry-connect" })[1..]);

    [Theory]
    [InlineData("suspend-io", null, "Warning: A lost Primary does not reconnect: resource rd.")]
    [InlineData("suspend-io", "disconnect", "Warning: A lost Primary does not reconnect: resource rd.")]
    [InlineData("suspend-io", "auto-discard", null)]
    [InlineData("io-error", null, null)]
    public void A_returning_primary_must_reconnect_where_it_keeps_its_old_user(string quorumLost, string? conflict, string? warning) =>
        Assert.Equal(warning is null ? [] : [warning], Volumes(Report("rd", Three()), new DrbdOptions("majority", quorumLost, quorumLost, "force-secondary") { RoleConflict = conflict })[1..]);

    [Theory]
    [InlineData("11", null, null)]
    [InlineData("11", "10", null)]
    [InlineData("12", null, "12.5 s")]
    [InlineData(null, "21", "12.1 s")]
    [InlineData("1", "300", "31 s")]
    [InlineData("soon", null, null)]
    public void A_dead_peer_must_be_noticed_within_the_12_s_that_the_rules_assume(string? interval, string? timeout, string? warning) => Assert.Equal(
        warning is null ? [] : [$"Warning: DRBD notices a dead peer too late: resource rd ({warning})."], Volumes(Report("rd", Three()), Operators with { PingInterval = interval, PingTimeout = timeout })[1..]);

    [Theory]
    [InlineData("x", "x", "x", "y", "Warning: All data is in one zone: resource rd (x).")]
    [InlineData("x", "x", "y", "y", null)]
    [InlineData("x", "x", "x", "x", null)]
    [InlineData("x", "x", null, "y", null)]
    [InlineData(null, null, null, "y", null)]
    public void Data_must_be_in_several_zones_if_there_are_several(string? a, string? b, string? c, string? d, string? warning)
    {
        var zones = new[] { ("a", a), ("b", b), ("c", c), ("d", d) }.Where(node => node.Item2 is not null).ToDictionary(node => new NodeName(node.Item1), node => node.Item2!);
        Assert.Equal(warning is null ? [] : [warning], Volumes(Report("rd", Three()), Operators, zones)[1..]);
    }

    [Fact]
    public void Zones_go_by_LINSTORs_names_and_an_empty_label_is_none()
    {
        var cluster = ClusterSnapshot.Empty.Apply(new Observation.Listed<CsiNode>([new(new("a"), new("storage-a")), new(new("b"), new("storage-a"))]), Instant.Start);
        KeyValuePair<NodeName, string>[] labels = [new(new("a"), "x"), new(new("b"), "x"), new(new("c"), ""), new(new("d"), "y")];
        Assert.Equal([("d", "y"), ("storage-a", "x")], ClusterSurvey.ZonesOf(labels, cluster).Select(zone => (zone.Key.Value, zone.Value)).Order());
    }

    [Fact]
    public void A_tie_breaker_in_another_zone_has_no_data() => Assert.Equal(
        ["Warning: All data is in one zone: resource rd (x)."],
        Volumes(Report("rd", [Disk("a"), Disk("b"), new Replica(new("c")) { Diskless = true, Score = 2 }]), Operators, new() { [new("a")] = "x", [new("b")] = "x", [new("c")] = "y" })[1..]);

    [Fact]
    public void Options_that_could_not_all_be_read_are_no_reason_to_warn() =>
        Assert.Single(Volumes(Report("rd", Three()), new DrbdOptions("majority", null, null, null) { IsComplete = false }));

    [Fact]
    public void A_volume_that_LINSTOR_does_not_have_or_gives_no_answer_about_fails()
    {
        var cluster = ClusterSnapshot.Empty.Apply(new Observation.Listed<Volume>([Volume("rd"), Volume("gone"), Volume("hangs")]), Instant.Start).Apply(Report("rd", Three()), Instant.Start)
            .Apply(new Observation.ResourceReported(new(new("gone"), false, [], Instant.Start)), Instant.Start);
        var findings = new Findings(Section.Volumes);
        VolumeChecks.Volumes(findings, cluster, new Dictionary<NodeName, string>(), new Dictionary<ResourceName, DrbdOptions>(), new Dictionary<ResourceName, string> { [new("hangs")] = "It took too long." });
        Assert.Equal(
            ["Failed: LINSTOR returns no usable answer about resource hangs (It took too long).", "Failed: LINSTOR has no resource definition for volume pv-gone (gone)."], Lines(findings));
    }

    [Fact]
    public void Many_names_are_counted_and_the_first_ones_shown()
    {
        var findings = new Findings(Section.Pods);
        findings.WarnOf([.. Enumerable.Range(0, 10).Select(number => $"p{number}")], "one", "pods are odd", "See to it.");
        Assert.Equal(["Warning: 10 pods are odd: p0, p1, p2, p3, p4, p5, p6, p7 and 2 more."], Lines(findings));
    }

    [Fact]
    public void Pods_with_LINSTOR_volumes_are_counted_and_those_that_are_not_selected_or_nobody_brings_back_are_named()
    {
        Pod Of(string name, bool optedIn, bool owned, string claim = "data", bool finished = false) => new(new("shop", name), new(name), new("a"))
        {
            Claims = [new(claim)],
            OptedIn = optedIn,
            Finished = finished,
            Owner = owned ? new("apps/v1", "StatefulSet", "s", new("s")) : null,
        };
        var cluster = ClusterSnapshot.Empty.Apply(new Observation.Listed<Volume>([Volume("rd")]), Instant.Start)
            .Apply(new Observation.Listed<Pod>([Of("db-0", true, true), Of("bare", true, false), Of("plain", false, true), Of("other", false, true, "elsewhere"), Of("done", false, true, finished: true)]), Instant.Start);
        var findings = new Findings(Section.Pods);
        VolumeChecks.Pods(findings, cluster, "app=db");
        Assert.Equal(
            ["Ok: 2 of 3 pods with LINSTOR volumes match app=db.", "Warning: This pod uses a LINSTOR volume and is not selected: shop/plain.", "Warning: This pod has no controller: shop/bare."], Lines(findings));
    }

    private static string[] Lines(Findings findings) => [.. findings.Checks.Select(check => $"{check.Outcome}: {check.Message}")];

    private static string[] Volumes(Observation report, DrbdOptions options, Dictionary<NodeName, string>? zones = null)
    {
        var cluster = ClusterSnapshot.Empty
            .Apply(new Observation.SatellitesListed([.. ((string[])["a", "b", "c"]).Select(name => new Satellite(new(name), SatelliteState.Online))], Instant.Start), Instant.Start)
            .Apply(new Observation.Listed<Volume>([Volume("rd"), new Volume("other", new("shop", "elsewhere"))]), Instant.Start).Apply(report, Instant.Start);
        var findings = new Findings(Section.Volumes);
        VolumeChecks.Volumes(findings, cluster, zones ?? [], new Dictionary<ResourceName, DrbdOptions> { [new("rd")] = options }, ImmutableDictionary<ResourceName, string>.Empty);
        return Lines(findings);
    }

    private static Volume Volume(string resource) => new($"pv-{resource}", new("shop", resource == "rd" ? "data" : resource)) { Resource = new(resource) };

    private static Replica[] Three() => [Disk("a"), Disk("b"), Disk("c")];

    private static Replica Disk(string node) => new(new(node)) { Promotability = Promotability.MayPromote, Score = 10103, Connections = [.. ((string[])["a", "b", "c"]).Where(peer => peer != node).Select(peer => new Connection(peer, Up: true))] };

    private static Observation.ResourceReported Report(string name, Replica[] replicas, string? policy = "majority") => new(new(new(name), true, [.. replicas], Instant.Start) { QuorumProperties = new(policy, null), AllowsTwoPrimaries = false });
}
