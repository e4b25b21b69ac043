using System.Text;
using System.Text.Json;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Kubernetes.Wire;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

public sealed class ListReaderTests
{
    private const string List = """
        {"kind":"PodList","apiVersion":"v1","other":{"items":[1,{"metadata":{}}]},"metadata":{"resourceVersion":"7","continue":"more","selfLink":""},
         "items":[{"metadata":{"name":"one","annotations":{"a":"}]"}}},null,{"metadata":{"name":"two"},"spec":{"volumes":[{"name":"v","secret":{"items":[{}]}}]}}],"last":[[],{}]}
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Every_item_and_the_metadata_are_read_however_the_bytes_arrive(int chunk)
    {
        var (metadata, names) = await ReadAsync(List, chunk);
        Assert.Equal(("7", "more"), (metadata.ResourceVersion, metadata.Continue));
        Assert.Equal(["one", "two"], names);
    }

    [Fact]
    public async Task The_metadata_may_come_last()
    {
        var (metadata, names) = await ReadAsync("""{"items":[{"metadata":{"name":"one"}}],"metadata":{"resourceVersion":"7"}}""");
        Assert.Equal("7", metadata.ResourceVersion);
        Assert.Equal(["one"], names);
    }

    [Fact]
    public async Task An_object_may_be_larger_than_any_buffer()
    {
        var name = new string('x', 1_000_000);
        Assert.Equal([name], (await ReadAsync($$$"""{"items":[{"metadata":{"name":"{{{name}}}"}}]}""", 4096)).Names);
    }

    [Theory]
    [InlineData("""{"items":null,"metadata":{}}""")]
    [InlineData("""{"items":[]}""")]
    [InlineData("{}")]
    public async Task A_list_may_be_empty(string json) => Assert.Empty((await ReadAsync(json)).Names);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("<html>")]
    [InlineData("""{"items":[{"metadata":{"name":"one"}}""")]
    [InlineData("""{"items":[{"metadata":{"name":"o""")]
    [InlineData("""{"items":[{"metadata":7}]}""")]
    public async Task What_is_no_list_or_was_cut_off_is_refused(string json) => await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(json));

    private static async Task<(WireListMeta Metadata, List<string> Names)> ReadAsync(string json, int chunk = 100_000)
    {
        var names = new List<string>();
        var reader = new ListReader<WirePod>(KubernetesJson.Default.WirePod, pod => names.Add(pod.Metadata.Name));
        return (await reader.ReadAsync(new SlowStream(Encoding.UTF8.GetBytes(json), chunk), default), names);
    }

    /// <summary>Gives so many bytes at a time.</summary>
    private sealed class SlowStream(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer.Length > chunk ? buffer[..chunk] : buffer, cancellationToken);
    }
}
