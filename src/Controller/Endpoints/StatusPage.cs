using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace Piraeus.HighAvailability.Controller.Endpoints;

/// <summary>The status as a page for people, at <c>/</c>. It reloads itself, contains no script, and changes nothing.</summary>
internal static class StatusPage
{
    /// <summary>The browser loads nothing, runs nothing, and shows the page in no frame: a name from the cluster can never be more than text.</summary>
    public const string ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

    private const int MostEntries = 50;

    private const string Style = """
        :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
        body { margin: 0 auto; padding: 1.5rem; max-width: 75rem; }
        h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
        p { margin: .3rem 0; } .quiet { opacity: .7; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #8884; }
        th { font-weight: 600; }
        code { font-family: ui-monospace, monospace; font-size: .9em; white-space: nowrap; }
        .alarm { border-left: .3rem solid #c62828; padding: .4rem .8rem; background: #c6282822; }
        .good { color: #2e7d32; } .bad { color: #c62828; }
        @media (prefers-color-scheme: dark) { .good { color: #81c784; } .bad { color: #ef9a9a; } }
        """;

    /// <summary>The page for one status.</summary>
    public static string Of(WireStatus status)
    {
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"refresh\" content=\"3\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>")
            .Append(Text($"{(status.Storm is not null ? "Storm – " : status.InDoubt.Count > 0 ? $"{status.InDoubt.Count} in doubt – " : "")}Piraeus HA controller"))
            .Append("</title>\n<style>").Append(Style).Append("</style>\n</head>\n<body>\n");
        Head(page, status);
        Doubts(page, status);
        Section(page, "Failovers", ["Pod", "Lost node", "State"], "No failover is in progress or was recently.",
            status.Failovers.Select(failover => (string[])[Code($"{failover.Pod.Namespace}/{failover.Pod.Name}"), Code(failover.Lost), Text(failover.Awaits is { } awaits ? $"waits: {awaits}" : failover.Sentence)]));
        Section(page, "What was done and held", ["Time (UTC)", "", "Answer"], "Nothing yet.",
            status.Journal.Reverse().Take(MostEntries).Select(entry => (string[])[Time(entry.At, status.Now), Text(entry.Sentence), Text(entry.Answer is null ? "" : $"{entry.Answer}{(entry.Message is { } message ? $": {message}" : "")}")]));
        return page.Append("</body>\n</html>\n").ToString();
    }

    private static void Head(StringBuilder page, WireStatus status)
    {
        var leadership = status.Leadership;
        page.Append("<h1>Piraeus HA controller ").Append(Text(status.Version)).Append("</h1>\n<p>").Append(Code(status.Identity)).Append(' ')
            .Append(leadership.Leads ? "<span class=\"good\">leads</span>: it acts." : Text($"is on standby. {(leadership.Holder is { } holder ? $"{holder} leads." : "No replica leads.")}"))
            .Append(status.Settings.DryRun ? " <strong>Dry run: it changes nothing.</strong>" : "")
            .Append(" <span class=\"quiet\">").Append(Time(status.Now, null)).Append(" UTC</span></p>\n");
        page.Append("<p>").Append(leadership.CanDecide ? "<span class=\"good\">It can decide.</span>" : $"<span class=\"bad\">It cannot decide: {Text(leadership.Why ?? "a source is lost")}.</span>");
        page.Append(Text(status.Sources.LinstorController is { } address ? $" LINSTOR: {address}{(status.Sources.LinstorAnsweredSecondsAgo is { } ago ? Format($", answered {ago:0.0} s ago") : ", has not answered yet")}." : "")).Append("</p>\n");
        if (status.Sources.LinstorFault is { } fault)
        {
            page.Append("<p class=\"bad\">").Append(Text(fault)).Append("</p>\n");
        }

        page.Append("<p class=\"quiet\">").Append(Text(Format(
            $"Selected pods: {(status.Settings.PodSelector.Length > 0 ? status.Settings.PodSelector : "all")}. Grace period: {status.Settings.KnownResourceGraceSeconds:0.#} s, or {status.Settings.NewResourceGraceSeconds:0.#} s for what was lost already when first seen.")))
            .Append(" As JSON: <a href=\"status\">status</a>. <a href=\"metrics\">Metrics</a>.</p>\n");
        if (status.Storm is { } storm)
        {
            page.Append("<p class=\"alarm\">").Append(Text($"Storm: {storm.Nodes.Count} of {storm.Of} nodes were lost at once ({string.Join(", ", storm.Nodes)}), so nothing is moved until they return or you confirm that they are gone.")).Append("</p>\n");
        }
    }

    private static void Doubts(StringBuilder page, WireStatus status)
    {
        Section(page, "Volumes in doubt", ["Node", "Resource", "Pods", "Since (UTC)", "Grace period", "What follows"], "Every volume in use is plainly well.", status.InDoubt.Select(doubt => (string[])
        [
            Code(doubt.Node),
            Code(doubt.Resource),
            doubt.Pods.Count == 0 ? "<span class=\"quiet\">none</span>" : string.Join("<br>", doubt.Pods.Select(pod => Code($"{pod.Namespace}/{pod.Name}"))),
            Time(doubt.Since, status.Now),
            Text(doubt.GraceLeftSeconds is { } left ? left > 0 ? Format($"{left:0} s left") : "over" : ""),
            (!doubt.WouldAct ? "" : status is { Leadership: { Leads: true, CanDecide: true }, Settings.DryRun: false } ? "<strong>is being moved</strong><br>" : "<strong>would be moved</strong><br>") + string.Join("<br>", doubt.Remarks.Select(remark => $"{Text(remark.Sentence)} <span class=\"quiet\">{Text(remark.Reason)}</span>")),
        ]));
        if (status.TaintsThatStay.Count > 0)
        {
            Section(page, "Taints that stay", ["Node", "Since (UTC)", "Why"], "", status.TaintsThatStay.Select(taint => (string[])[Code(taint.Node), Time(taint.Since, status.Now), Text(taint.Sentence)]));
        }
    }

    private static void Section(StringBuilder page, string title, string[] columns, string none, IEnumerable<string[]> rows)
    {
        page.Append("<h2>").Append(title).Append("</h2>\n");
        var all = rows.ToList();
        if (all.Count == 0)
        {
            page.Append("<p class=\"quiet\">").Append(none).Append("</p>\n");
            return;
        }

        page.Append("<div class=\"wide\"><table>\n<tr>").AppendJoin("", columns.Select(column => $"<th>{column}</th>")).Append("</tr>\n");
        foreach (var row in all)
        {
            page.Append("<tr>").AppendJoin("", row.Select(cell => $"<td>{cell}</td>")).Append("</tr>\n");
        }

        page.Append("</table></div>\n");
    }

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);

    private static string Code(string text) => $"<code>{Text(text)}</code>";

    // With the date, unless it is today's.
    private static string Time(DateTimeOffset at, DateTimeOffset? today) =>
        at.UtcDateTime.ToString(at.UtcDateTime.Date == today?.UtcDateTime.Date ? "HH:mm:ss" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Format(FormattableString text) => FormattableString.Invariant(text);
}
