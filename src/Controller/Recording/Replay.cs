using System.Globalization;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Recording;

/// <summary>Lets the core decide once more on what was recorded, and tells what it decides.</summary>
/// <param name="change">What is to be other than it was recorded.</param>
/// <param name="narrowing">What is to be told.</param>
/// <param name="output">Who is told.</param>
internal sealed class Replay(Func<Settings, Settings> change, ReplayFilter narrowing, TextWriter output)
{
    private const int DecidedOtherwise = 1;

    /// <summary>Replays a file, which may contain one program's recording after another's.</summary>
    /// <returns>The exit code: 1 if this version decides otherwise than the recorded one, or cannot cope with what was observed.</returns>
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

    /// <summary>One program's life, once more.</summary>
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

            // With other settings the policy has other hours at which it wants to be asked.
            while (!_isCompared && _alarm < at)
            {
                Decide(_alarm.Value);
            }

            if (line.Saw is { } seen)
            {
                replayPrinter.Saw(seen, at);
                _cluster = _cluster.Apply(seen, at);
            }
            else if (line.Turn is { } turn)
            {
                Compare(turn, Decide(at), at, number);
            }
        }

        /// <returns>Whether everything was decided as recorded, if that was to be seen.</returns>
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

        // Without their order: of what is equally important it may be another in every process.
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
                replayPrinter.Tell(at, "differs", $"Line {number}: version {ProgramVersion.Version} decides otherwise than version {header.Version} did. Only recorded: {missing}. Only decided now: {extra}.");
            }
        }

        private static string Differing(Dictionary<string, string> those, Dictionary<string, string> others) =>
            string.Join(", ", those.Where(one => !others.ContainsKey(one.Key)).OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"\"{one.Value}\" [{one.Key}]")) is { Length: > 0 } some ? some : "nothing";
    }
}
