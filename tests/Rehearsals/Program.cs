using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Piraeus.HighAvailability.Rehearsals;

// Exit codes: 0 all rules held, 1 a rule was broken or an outcome never reached, 2 bad usage.
return RehearseOptions.Parse(args) switch
{
    { Complaint: { } complaint } => Complain(complaint),
    { IsSingle: true } one => PlayOne(ScenarioPlan.Of(one.First)),
    var many => Run(many),
};

static int Complain(string complaint)
{
    Console.Error.WriteLine($"rehearse: {complaint}");
    return 2;
}

static int PlayOne(ScenarioPlan plan)
{
    Console.WriteLine($"Seed {plan.Seed}: {Describe(plan)}");
    var end = Scenario.Play(plan, new Coverage(), new() { Logged = Console.WriteLine });
    Console.WriteLine(end.IsGood ? "Every rule was kept." : $"Broken: {end.How}");
    return end.IsGood ? 0 : 1;
}

static int Run(RehearseOptions asked)
{
    var (coverage, bad, count) = (new Coverage(), new ConcurrentQueue<(int Seed, ScenarioResult End)>(), 0);
    var watch = Stopwatch.StartNew();
    using var progress = asked.IsQuiet ? null : new Timer(_ => Print($"{count} of {asked.Last - asked.First + 1} scenarios after {watch.Elapsed.TotalSeconds:0} s."), null, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));
    Parallel.ForEach(
        Partitioner.Create(asked.First, asked.Last + 1, 100),
        new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
        (range, state) =>
        {
            var (met, played) = (new Coverage(), 0);
            for (var seed = range.Item1; seed < range.Item2 && bad.Count < asked.Failures; seed++, played++)
            {
                if (Scenario.Play(ScenarioPlan.Of(seed), met) is { IsGood: false } end)
                {
                    bad.Enqueue((seed, end));
                    Print($"Seed {seed} breaks a rule. {end.How}");
                }
            }

            lock (coverage)
            {
                coverage.Add(met);
                count += played;
            }
        });

    Print($"{count} scenarios of {Scenario.Length.TotalMinutes:0} minutes in {watch.Elapsed.TotalSeconds:0.0} s: {count / watch.Elapsed.TotalMinutes:0} per minute.");
    if (!asked.IsQuiet)
    {
        foreach (var (what, times) in coverage.Reached)
        {
            Print($"{times,12}  {what}");
        }
    }

    var missing = count >= RehearseOptions.EnoughForCoverage ? coverage.Missing.ToList() : [];
    missing.ForEach(what => Print($"Not reached: {what}."));
    if (bad.IsEmpty)
    {
        Print($"{(missing.Count == 0 ? "Every rule was kept." : "Every rule was kept, but not every outcome was reached.")}");
        return missing.Count == 0 ? 0 : 1;
    }

    if (!asked.IsQuiet)
    {
        var (seed, end) = bad.MinBy(scenario => scenario.Seed);
        var shortest = Shrinker.Shrink(ScenarioPlan.Of(seed), end.BrokenRule!);
        Print($"The shortest scenario like that of seed {seed}: {Describe(shortest)}");
        Scenario.Play(shortest, new Coverage(), new() { Logged = Console.WriteLine });
    }

    return 1;
}

static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

static string Describe(ScenarioPlan plan) =>
    $"""
    {plan.Setup.Nodes} nodes, {plan.Setup.Controllers} controllers, grace {plan.Setup.Settings.KnownResourceGrace.TotalSeconds} s or {plan.Setup.Settings.NewResourceGrace.TotalSeconds} s at first sight, taints {(plan.Setup.Settings.TaintNodes ? "on" : "off")}, satellites do what they are told within {plan.Setup.Adjust.TotalSeconds} s
      {string.Join("\n  ", plan.Setup.Volumes.Select((volume, number) => $"{plan.Setup.Definition(number)} on {string.Join(' ', volume.Diskful)}{(volume.TieBreaker is { } node ? $", tie-breaker {node}" : "")}, quorum {volume.Quorum ?? "by LINSTOR"}, {volume.OnNoQuorum}{(volume.Shared ? ", two primaries" : "")}"))}
      {string.Join("\n  ", plan.Setup.Workloads.Select((workload, number) => $"{ScenarioSetup.Name(number)}: {workload.Keeper}, {workload.Wish}, volumes {string.Join(' ', workload.Volumes)}{(workload.Foreign ? " and another driver's" : "")}"))}
      {string.Join("\n  ", plan.Faults)}
    """;
