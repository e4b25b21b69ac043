using System.IO.Pipelines;
using System.Text;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class PromotionMessageTests
{
    private const string Two = """
        event: may-promote-change
        data: {"resource_name":"pvc-1","node_name":"node-ä","may_promote":true}

        event: may-promote-change
        data: {"resource_name":"pvc-1","node_name":"node-b","may_promote":false}


        """;

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public async Task A_stream_that_is_split_at_any_byte_says_the_same(string newline)
    {
        var bytes = Encoding.UTF8.GetBytes(Two.ReplaceLineEndings(newline));
        var whole = await ReadAsync(bytes);
        Assert.Equal(2, whole.Count);
        for (var at = 1; at < bytes.Length; at++)
        {
            Assert.Equal(whole, await ReadAsync(bytes[..at], bytes[at..]));
        }
    }

    [Theory]
    [InlineData("\"may_promote\":true", Promotability.MayPromote)]
    [InlineData("\"may_promote\":false", Promotability.MayNotPromote)]
    [InlineData("\"may_promote\":null", Promotability.Unknown)]
    [InlineData("\"something_new\":[{}]", Promotability.Unknown)]
    public async Task Promotability_has_three_values(string field, Promotability promotability) =>
        Assert.Equal(Change("pvc-1", "node-a", promotability), await ReadAsync($$"""event: may-promote-change{{'\n'}}data: {"resource_name":"pvc-1","node_name":"node-a",{{field}}}{{"\n\n"}}"""));

    [Fact]
    public async Task Names_in_another_case_are_the_same_names() =>
        Assert.Equal(Change("pvc-1", "node-a", Promotability.Unknown), await ReadAsync("event: may-promote-change\ndata: {\"resource_name\":\"PVC-1\",\"node_name\":\"Node-A\"}\n\n"));

    [Fact]
    public async Task Several_lines_of_data_are_one() =>
        Assert.Equal(Change("pvc-1", "node-a", Promotability.Unknown), await ReadAsync("event: may-promote-change\ndata: {\"resource_name\":\"pvc-1\",\ndata: \"node_name\":\"node-a\"}\n\n"));

    [Theory]
    [InlineData("event: something-new\ndata: {}\n\n")]
    [InlineData("event: May-Promote-Change\ndata: {}\n\n")]
    [InlineData("data: {}\n\n")]
    public async Task An_unknown_name_is_ignored(string text) => Assert.Equal([new PromotionMessage.Ignored()], await ReadAsync(text));

    [Fact]
    public async Task Comments_and_events_without_data_say_nothing() => Assert.Empty(await ReadAsync(": keep-alive\n\nevent: may-promote-change\n\n"));

    [Fact]
    public async Task An_event_that_the_end_cuts_off_is_dropped() =>
        Assert.Empty(await ReadAsync("event: may-promote-change\ndata: {\"resource_name\":\"pvc-1\",\"node_name\":\"node-a\"}\n"));

    [Theory]
    [InlineData("nonsense", "its 8 bytes of data are not the expected JSON at $")]
    [InlineData("""{"resource_name":"a","node_name":"b","may_promote":"yes"}""", "its 57 bytes of data are not the expected JSON at $.may_promote")]
    [InlineData("""{"node_name":"b","may_promote":true}""", "it has no resource_name")]
    [InlineData("""{"resource_name":"","node_name":"b"}""", "it has no resource_name")]
    [InlineData("""{"resource_name":"a"}""", "it has no node_name")]
    [InlineData("null", "it has no node_name")]
    public async Task An_invalid_event_is_reported_with_its_flaw(string data, string flaw) =>
        Assert.Equal([new PromotionMessage.Malformed(flaw)], await ReadAsync($"event: may-promote-change\ndata: {data}\n\n"));

    [Theory]
    [InlineData("""[{"ret_code":-1,"message":"No."}]""", "No.")]
    [InlineData("oops", "no reason given")]
    public async Task An_error_is_reported_with_LINSTORs_message(string data, string message) =>
        Assert.Equal([new PromotionMessage.Failed(message)], await ReadAsync($"event: error\ndata: {data}\n\n"));

    [Fact]
    public async Task Many_long_lines_are_no_oversized_line()
    {
        var line = $": {new string('x', 900_000)}\n";
        Assert.Empty(await ReadAsync(Encoding.UTF8.GetBytes(line), Encoding.UTF8.GetBytes(line), Encoding.UTF8.GetBytes(line)));
    }

    [Fact]
    public async Task A_line_of_more_than_a_mebibyte_is_refused() => await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(new string('x', (1 << 20) + 1)));

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public async Task An_event_of_more_than_a_mebibyte_in_many_lines_is_refused(string newline)
    {
        var endless = string.Concat(Enumerable.Repeat($"data: {new string('x', 1000)}{newline}", 1100));
        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(endless));
        Assert.Equal("an event is longer than 1048576 bytes", refused.Message);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public async Task Many_events_are_no_oversized_event(string newline)
    {
        var one = Encoding.UTF8.GetBytes($"data: {new string('x', 400_000)}{newline}{newline}");
        Assert.Equal(4, (await ReadAsync(one, one[..200_000], one[200_000..], one, one)).Count);
    }

    [Fact]
    public async Task Comments_without_end_are_no_oversized_event()
    {
        var comments = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($": {new string('x', 1000)}\n", 1100)));
        Assert.Empty(await ReadAsync(comments, comments[..5000], comments[5000..]));
    }

    private static List<PromotionMessage> Change(string resource, string node, Promotability promotability) =>
        [new PromotionMessage.Changed(new PromotionEvent(new ResourceName(resource), new NodeName(node), promotability))];

    private static Task<List<PromotionMessage>> ReadAsync(string text) => ReadAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Reads what arrives in exactly these pieces.</summary>
    private static async Task<List<PromotionMessage>> ReadAsync(params byte[][] pieces)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var writing = WriteAsync(pipe.Writer, pieces);
        try
        {
            return await PromotionMessage.ReadAsync(pipe.Reader.AsStream(), default).ToListAsync();
        }
        finally
        {
            await writing;
        }
    }

    /// <summary>A flush returns only when the reader has taken everything, so pieces never run together.</summary>
    private static async Task WriteAsync(PipeWriter writer, byte[][] pieces)
    {
        foreach (var piece in pieces)
        {
            await writer.WriteAsync(piece);
        }

        await writer.CompleteAsync();
    }
}
