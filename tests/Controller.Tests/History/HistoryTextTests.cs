using System.Text;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.History;

namespace Piraeus.HighAvailability.Controller.Tests.History;

/// <summary>The text of the history.</summary>
public sealed class HistoryTextTests
{
    [Fact]
    public void Entries_come_back_as_they_were_written()
    {
        var entry = Entry(1) with
        {
            Uid = "u",
            Answer = "Accepted",
            Replica = "ha-0",
            Evidence = new("rd", "a", "b", At(1), At(2), At(3), 0.5),
            Linstor = new("rd", true, "majority", true, []),
        };
        var read = Assert.Single(HistoryText.Read(HistoryText.Append(null, [entry])));
        Assert.Equal(entry with { Linstor = null }, read with { Linstor = null });
        Assert.Equal(("rd", "majority", true), (read.Linstor!.Name, read.Linstor.Quorum, read.Linstor.Fences));
    }

    [Fact]
    public void Each_entry_is_a_line_and_new_ones_come_last()
    {
        var text = HistoryText.Append(HistoryText.Append("", [Entry(1), Entry(2)]), [Entry(3)]);
        Assert.Equal(3, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal([1, 2, 3], HistoryText.Read(text).Select(entry => entry.Number));
    }

    [Fact]
    public void An_entry_whose_write_went_unanswered_is_not_added_twice()
    {
        var text = HistoryText.Append(null, [Entry(1)]);
        Assert.Equal([1, 2], HistoryText.Read(HistoryText.Append(text, [Entry(1), Entry(2)])).Select(entry => entry.Number));
    }

    [Fact]
    public void The_oldest_entries_go_first_when_it_would_become_too_long()
    {
        var full = HistoryText.Append(null, Enumerable.Range(1, 5000).Select(number => Entry(number)));
        Assert.InRange(Encoding.UTF8.GetByteCount(full), HistoryText.MostBytes - 300, HistoryText.MostBytes);
        Assert.Equal(5000, HistoryText.Read(full)[^1].Number);
        var more = HistoryText.Append(full, [Entry(5001)]);
        Assert.InRange(Encoding.UTF8.GetByteCount(more), HistoryText.MostBytes - 300, HistoryText.MostBytes);
        Assert.Equal([4999, 5000, 5001], HistoryText.Read(more).Select(entry => entry.Number).TakeLast(3));
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"number":"one"}""")]
    [InlineData("""{"number":1,"at":"2030-01-01T00:00:00Z","kind":"DeletePod"}""")]
    public void A_line_that_is_no_entry_is_kept_and_not_read(string line)
    {
        var text = HistoryText.Append(line, [Entry(1)]);
        Assert.StartsWith(line + "\n", text, StringComparison.Ordinal);
        Assert.Equal(1, Assert.Single(HistoryText.Read(text)).Number);
    }

    [Fact]
    public void A_field_of_a_later_version_does_no_harm() => Assert.Equal(
        "s", Assert.Single(HistoryText.Read("""{"number":1,"at":"2030-01-01T00:00:00Z","kind":"DeletePod","about":"pod x/y","sentence":"s","overdue":false,"color":"red"}""")).Sentence);

    internal static WireEntry Entry(long number, string about = "pod shop/app-0") =>
        new(number, At(number), "DeletePod", about, $"Deleting {about} on node a: it has lost resource rd.", null, null, false, null, null, null, null);

    internal static DateTimeOffset At(long second) => new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(second);
}
