using System.Globalization;
using System.Text;
using Piraeus.HighAvailability.Controller.Endpoints;

namespace Piraeus.HighAvailability.Controller.Explaining;

/// <summary>An explanation as text for a terminal.</summary>
internal static class ExplanationText
{
    public static string Of(WireExplanation explained)
    {
        var text = new StringBuilder();
        Line($"{explained.Summary}");
        Line("");
        Line($"About {explained.About}, as {explained.Identity} sees it at {Time(explained.At)}{(explained.Leads ? "" : " (it does not lead: another replica acts)")}.");
        if (explained.CannotDecide is { } why)
        {
            Line($"That replica cannot decide anything now: {why}");
        }

        foreach (var fact in explained.Facts)
        {
            Line(fact);
        }

        foreach (var use in explained.Uses)
        {
            Line("");
            Line($"Volume {use.Volume}{(use.Claim is { } claim ? $", claim {claim}" : "")}{(use.Resource is { } resource ? $", resource {resource}" : "")}, on node {use.Node}");
            Line($"  {use.Sentence}");
            if (use.InDoubt is { } doubt)
            {
                Doubt(doubt, use.Rule);
            }

            if (use.Linstor is { } linstor)
            {
                Reports(linstor);
            }
        }

        Section("Moves", [.. explained.Failovers.Select(failover => failover.Sentence)]);
        Section("What was done and held", [.. explained.Journal.Select(entry => $"{Time(entry.At, explained.At)}  {(entry.Replica is { } replica ? $"{replica}: " : "")}{entry.Sentence}{(entry.Answer is { } answer ? $" Answer: {answer}{(entry.Message is { } message ? $", {message}" : "")}." : "")}")]);
        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');

        void Section(string title, string[] lines)
        {
            if (lines is not [])
            {
                Line("");
                Line(title);
                Array.ForEach(lines, line => Line($"  {line}"));
            }
        }

        void Doubt(WireUser doubt, int? rule)
        {
            Line($"  In doubt since {Time(doubt.Since)}{(rule is { } clause ? $": clause {clause} of docs/safety.md" : "")}.");
            if (doubt.GraceLeftSeconds is { } left)
            {
                Line(left > 0 ? $"  Grace period: {Seconds(left)} of {Seconds(doubt.GraceSeconds ?? 0)} are left." : $"  The grace period of {Seconds(doubt.GraceSeconds ?? 0)} is over.");
            }

            foreach (var remark in doubt.Remarks.Where(remark => !remark.Overdue || doubt.Remarks.Count > 1))
            {
                Line($"  {remark.Reason}: {remark.Sentence}");
            }
        }

        void Reports(WireResource linstor)
        {
            Line($"  LINSTOR: {(linstor.Exists ? "" : "no such resource definition, ")}{(linstor.Quorum is { } quorum ? $"quorum {quorum}, which {(linstor.Fences == true ? "fences" : "does not fence")}" : "quorum policy not known")}");
            var width = linstor.Replicas.Select(replica => replica.Node.Length).DefaultIfEmpty().Max();
            foreach (var replica in linstor.Replicas)
            {
                Line($"    {replica.Node.PadRight(width)}  {Describe(replica)}");
            }
        }
    }

    private static string Describe(WireReplica replica) => string.Join(", ", ((string?[])
    [
        replica.Speaks ? null : "silent",
        replica.Gone ? replica.Presence.ToLowerInvariant() : null,
        replica.Promotability switch { "MayPromote" => "may promote", "MayNotPromote" => "may not promote", _ => null },
        replica.Usage switch { "InUse" => "in use", "Unused" => "not in use", _ => null },
        replica.Diskless ? "diskless" : null,
        replica.Score is { } score ? string.Create(CultureInfo.InvariantCulture, $"score {score}") : null,
        replica.Connections is [] ? null : "links: " + string.Join(' ', replica.Connections.Select(link => $"{link.Peer} {(link.Up ? "up" : "down")}")),
        replica.Since is { } since ? $"since {Time(since)}" : "never heard of",
    ]).OfType<string>());

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm:ss.f'Z'", CultureInfo.InvariantCulture);

    // With the date, unless it is today's.
    private static string Time(DateTimeOffset at, DateTimeOffset today) =>
        at.UtcDateTime.Date == today.UtcDateTime.Date ? Time(at) : at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.f'Z'", CultureInfo.InvariantCulture);

    private static string Seconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.#} s");
}
