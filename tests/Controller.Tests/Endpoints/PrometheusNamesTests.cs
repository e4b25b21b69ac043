using Piraeus.HighAvailability.Controller.Telemetry;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

public sealed class PrometheusNamesTests
{
    [Theory]
    [InlineData("dotnet.gc.heap.total_allocated", "By", "Counter", "dotnet_gc_heap_total_allocated_bytes_total")]
    [InlineData("dotnet.process.cpu.time", "s", "Counter", "dotnet_process_cpu_time_seconds_total")]
    [InlineData("dotnet.process.memory.working_set", "By", "Gauge", "dotnet_process_memory_working_set_bytes")]
    [InlineData("dotnet.gc.collections", "{collection}", "Counter", "dotnet_gc_collections_total")]
    [InlineData("acts.total", null, "Counter", "acts_total")]
    [InlineData("slept.total", "s", "Counter", "slept_seconds_total")]
    [InlineData("wait_seconds", "s", "Histogram", "wait_seconds")]
    [InlineData("room.total", null, "Gauge", "room_total")]
    [InlineData("9 lives:__ä/b", null, "Gauge", "_9_lives_b")]
    [InlineData("", null, "Gauge", "_")]
    public void A_family_is_named_after_its_instrument_and_unit(string instrument, string? unit, string type, string family) =>
        Assert.Equal(family, PrometheusNames.Family(instrument, unit, Enum.Parse<MetricType>(type)));

    [Fact]
    public void Labels_are_sorted_and_their_names_are_valid() =>
        Assert.Equal("""_name_="x",a_b="1.5",cpu_mode="user",exported_le="3",yes="true" """.TrimEnd(), Labels(("yes", true), ("cpu.mode", "user"), ("a-b", 1.5), ("__name__", "x"), ("le", 3)));

    [Fact]
    public void A_labels_value_is_escaped() => Assert.Equal("""path="C:\\dir \"x\"\nü" """.TrimEnd(), Labels(("path", "C:\\dir \"x\"\nü")));

    [Fact]
    public void A_label_without_a_value_is_no_label() => Assert.Equal("c=\"1\"", Labels(("a", null), ("b", ""), ("c", 1)));

    [Fact]
    public void Tags_of_one_name_are_one_label() => Assert.Equal("a_b=\"1;2\"", Labels(("a.b", "2"), ("a-b", "1")));

    private static string Labels(params (string Name, object? Value)[] tags) => PrometheusNames.Labels([.. tags.Select(tag => KeyValuePair.Create(tag.Name, tag.Value))]);
}
