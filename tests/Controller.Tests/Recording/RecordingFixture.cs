using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Recording;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Recording;

/// <summary>Records to a file, and plays it back.</summary>
internal sealed class RecordingFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public RecordingFixture() => File = _folder["recording"];

    public string File { get; set; }

    public TestTime Time { get; } = new();

    public LogCapture Output { get; } = new();

    public Settings Settings { get; init; } = new() { LeaseIdentity = "ha-1" };

    public string[] Lines => System.IO.File.ReadAllLines(File);

    public Recorder Open() => Recorder.Open(Settings with { Record = File }, new(Time), Time, Output.CreateLogger<Recorder>());

    public Recorder Record(Stream stream, long mostBytes = long.MaxValue) =>
        new(stream, Settings with { Record = File }, new(Time), Time, Output.CreateLogger<Recorder>()) { MostBytes = mostBytes };

    /// <summary>Records what happens to a program from its start to its end.</summary>
    public async Task RecordAsync(Action<Recorder> happens)
    {
        var recorder = Open();
        happens(recorder);
        await recorder.RunAsync(new(canceled: true)).CancelledAsync();
    }

    /// <summary>Records a loss that lasts longer than the grace period, as a policy with these settings sees it.</summary>
    public Task RecordLossAsync() => RecordAsync(recorder =>
    {
        var (cluster, policy, now) = (ClusterSnapshot.For(Settings.Policy), new FailoverPolicy(Settings.Policy), Instant.Start);
        Pod pod = new(new("shop", "db-0"), new("uid-db-0"), new("a")) { Claims = [new("data")], OptedIn = true };
        Observe(new Observation.Listed<Volume>([new("pv", new("shop", "data")) { Resource = new("pvc-1") }]));
        Observe(new Observation.Listed<Attachment>([]));
        Observe(new Observation.Listed<Pod>([pod]));
        Observe(new Observation.Listed<ClusterNode>([]));
        Observe(new Observation.Listed<CsiNode>([]));
        Observe(new Observation.PromotionChanged(new("pvc-1"), new("b"), Promotability.MayPromote));
        Report();
        Think();
        now += TimeSpan.FromSeconds(20);
        Observe(new Observation.SourceLost(Source.Pods));
        Observe(new Observation.SourceLost(Source.Pods));
        Think();
        Observe(new Observation.Listed<Pod>([pod]));
        Think();
        now += TimeSpan.FromSeconds(25);
        Think();
        Report();
        Observe(new Observation.PodsOnNodeListed(new("a"), [pod], [], now));
        var deletion = Think().Decisions.OfType<Decision.DeletePod>().Single();
        Observe(new Observation.MutationAnswered(deletion, new(MutationOutcome.Accepted), now));
        Observe(new Observation.Deleted<Pod>(pod));
        Think();

        void Observe(Observation seen)
        {
            recorder.Observe(seen, now);
            cluster = cluster.Apply(seen, now);
        }

        void Report()
        {
            now += TimeSpan.FromTicks(1);
            Observe(new Observation.SatellitesListed([new(new("a"), SatelliteState.Offline), new(new("b"), SatelliteState.Online), new(new("c"), SatelliteState.Online)], now));
            Observe(new Observation.ResourceReported(new(new("pvc-1"), true, [new(new("a")), Peer("b", "c"), Peer("c", "b")], now) { QuorumProperties = new("majority", null), AllowsTwoPrimaries = false }));
        }

        static Replica Peer(string node, string other) => new(new(node)) { Promotability = Promotability.MayPromote, Score = 10102, Connections = [new("a", Up: false), new(other, Up: true)] };

        Verdict Think()
        {
            var verdict = policy.Decide(cluster, now);
            recorder.Decided(verdict, now);
            return verdict;
        }
    });

    /// <summary>Replays the file with these flags, and returns the exit code and what was told.</summary>
    public (int ExitCode, string Output) Replay(params string[] flags)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var command = Assert.IsType<Command.Replay>(CommandLineParser.Parse(["replay", File, .. flags]));
        var exitCode = new Replay(command.Change, new(command.Resource, command.Pod), output).Run(command.File);
        return (exitCode, output.ToString());
    }

    /// <summary>Why the file cannot be replayed.</summary>
    public string Complaint() => Assert.Throws<SettingsException>(() => Replay()).Message;

    public void Dispose() => _folder.Dispose();
}
