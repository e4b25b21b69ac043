using System.Globalization;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <summary>Runs the core's decisions again on a recording, and prints them.</summary>
/// <param name="change">The changes to the recorded settings.</param>
/// <param name="narrowing">Selects what to print.</param>
/// <param name="output">The destination.</param>
internal sealed class Replay(Func<Settings, Settings> change, ReplayFilter narrowing, TextWriter output)
{
    private const int DecidedOtherwise = 1;

    /// <summary>Replays a file, which may contain one program's recording after another's.</summary>
    /// <returns>The exit code: 1 if this version decides differently than the recorded one, or cannot process an observation.</returns>
    /// <exception cref="SettingsException">The file cannot be read.</exception>
    public int Run(string path)
    {
        var (exitCode, number) = (0, 0);
        ReplayedRun? rehearsal = null;
        string? ended = null;
        try
        {
            foreach (var (at, line) in RecordingFile.Read(path))
            {
                number = at;
                if (line is null)
                {
                    ended = $"Line {number} is cut off: the program that recorded it was killed, or is still writing.";
                }
                else if (line.Recording is { } header)
                {
                    exitCode |= Finish(rehearsal, ended);
                    (rehearsal, ended) = (Begin(header), null);
                }
                else
                {
                    rehearsal!.Take(line, number);
                    ended = line.Ended ?? ended;
                }
            }
        }
        catch (Exception bug) when (bug is not SettingsException)
        {
            output.WriteLine($"Line {number}: the core cannot cope with what was observed: {bug}");
            return DecidedOtherwise;
        }

        return exitCode | Finish(rehearsal, ended);
    }

    private ReplayedRun Begin(Header header)
    {
        var settings = change(Settings.Of(header.Settings)).Policy;
        output.WriteLine($"Recorded by {header.Identity}, version {header.Version}{(header.DryRun ? ", in a dry run" : "")}, with {InWords(header.Settings)}.");
        if (settings != header.Settings)
        {
            output.WriteLine($"Replayed with {InWords(settings)}. What was done and answered stays as it was recorded.");
        }

        return new(header, settings, new ReplayPrinter(header, narrowing, output), output);
    }

    private int Finish(ReplayedRun? rehearsal, string? ended)
    {
        if (rehearsal is null)
        {
            return 0;
        }

        output.WriteLine($"The recording ends here. {ended ?? "It does not say why: the program that recorded it was killed, or is still writing."}");
        return rehearsal.Finish() ? 0 : DecidedOtherwise;
    }

    private static string InWords(FailoverSettings settings) => string.Create(CultureInfo.InvariantCulture,
        $"grace periods of {Durations.ToText(settings.KnownResourceGrace)} (known) and {Durations.ToText(settings.NewResourceGrace)} (new), a reconcile interval of {Durations.ToText(settings.ReconcileInterval)}, {(settings.TaintNodes ? "taints" : "no taints")} and a storm threshold of {100 * settings.StormThreshold:0.##}%");

    /// <summary>The replay of one program's run.</summary>
    private sealed class ReplayedRun(Header header, FailoverSettings settings, ReplayPrinter replayPrinter, TextWriter output)
    {
        private readonly FailoverPolicy _policy = new(settings);
        private readonly bool _isCompared = settings == header.Settings;
        private readonly Dictionary<string, string> _recorded = [];
        private ClusterSnapshot _cluster = ClusterSnapshot.For(settings);
        private Instant? _alarm;
        private int _turns;
        private int _differences;

        public void Take(RecordingLine line, int number)
        {
            var at = line.At!.Value;

            // With other settings, the policy requests evaluations at other instants.
            while (!_isCompared && _alarm < at)
            {
                Decide(_alarm.Value);
            }

            if (line.Saw is { } seen)
            {
                replayPrinter.Observe(seen, at);
                _cluster = _cluster.Apply(seen, at);
            }
            else if (line.Turn is { } turn)
            {
                Compare(turn, Decide(at), at, number);
            }
        }

        /// <returns>Whether all decisions were as recorded, if they were compared.</returns>
        public bool Finish()
        {
            replayPrinter.Summarise();
            output.WriteLine(
                !_isCompared ? "What was decided is not compared with the recording, because other settings were asked for."
                : _differences == 0 ? "Everything was decided as it was recorded."
                : $"Decided otherwise than recorded in {_differences} of {_turns} turns, of which the first is told above.");
            return _differences == 0;
        }

        private Verdict Decide(Instant at)
        {
            var verdict = _policy.Decide(_cluster, at);
            _alarm = verdict.RequeueAt;
            replayPrinter.Decided(_cluster, verdict, at);
            return verdict;
        }

        // Without order: among equal priorities, the order may differ between processes.
        private void Compare(Turn turn, Verdict verdict, Instant at, int number)
        {
            foreach (var gist in turn.Over ?? [])
            {
                _recorded.Remove(gist);
            }

            foreach (var (gist, sentence) in turn.Begun ?? [])
            {
                _recorded[gist] = sentence;
            }

            _turns++;
            var decided = verdict.Decisions.GroupBy(DecisionFingerprint.Of).ToDictionary(same => same.Key, same => DecisionText.Of(same.First()));
            if (_isCompared && (decided.Count != _recorded.Count || decided.Keys.Any(gist => !_recorded.ContainsKey(gist))) && _differences++ == 0)
            {
                var (missing, extra) = (Differing(_recorded, decided), Differing(decided, _recorded));
                replayPrinter.Print(at, "differs", $"Line {number}: version {ProgramVersion.Version} decides otherwise than version {header.Version} did. Only recorded: {missing}. Only decided now: {extra}.");
            }
        }

        private static string Differing(Dictionary<string, string> those, Dictionary<string, string> others) =>
            string.Join(", ", those.Where(one => !others.ContainsKey(one.Key)).OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"\"{one.Value}\" [{one.Key}]")) is { Length: > 0 } some ? some : "nothing";
    }
}
