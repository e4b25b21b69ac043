using System.Diagnostics.Metrics;
using Piraeus.HighAvailability.Controller.Telemetry;

namespace Piraeus.HighAvailability.Controller.Tests.Endpoints;

public sealed class MeasurementsTests : IDisposable
{
    private readonly Meter _meter = new($"Tests.{Guid.NewGuid()}"); // listeners hear all of the process, other tests included
    private readonly Measurements _measurements;

    public MeasurementsTests() => _measurements = new(_meter.Name);

    [Fact]
    public void A_counter_and_an_up_down_counter_add_and_a_gauge_tells_the_last()
    {
        var acts = _meter.CreateCounter<long>("ha.acts", "{act}", "What was done.");
        acts.Add(2);
        acts.Add(3);
        var open = _meter.CreateUpDownCounter<int>("ha.open");
        open.Add(5);
        open.Add(-7);
        var age = _meter.CreateGauge<double>("ha.age", "s");
        age.Record(8);
        age.Record(0.25);
        Assert.Equal(
            """
            # HELP ha_acts_total What was done.
            # TYPE ha_acts_total counter
            ha_acts_total 5
            # TYPE ha_age_seconds gauge
            ha_age_seconds 0.25
            # TYPE ha_open gauge
            ha_open -2

            """, Text());
    }

    [Fact]
    public void Every_type_of_number_is_heard()
    {
        _meter.CreateCounter<byte>("a").Add(1);
        _meter.CreateCounter<short>("b").Add(2);
        _meter.CreateCounter<int>("c").Add(3);
        _meter.CreateCounter<long>("d").Add(4);
        _meter.CreateCounter<float>("e").Add(5);
        _meter.CreateCounter<double>("f").Add(6);
        _meter.CreateCounter<decimal>("g").Add(7);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], Exposition.Parse(Text()).Samples.Values);
    }

    [Fact]
    public void A_counter_does_not_go_down()
    {
        var acts = _meter.CreateCounter<double>("acts");
        acts.Add(2);
        acts.Add(-1);
        acts.Add(double.NaN);
        Assert.Equal(2, Exposition.Parse(Text()).Samples["acts_total"]);
    }

    [Fact]
    public void A_measurement_counts_in_the_first_bucket_whose_bound_it_does_not_exceed()
    {
        var wait = _meter.CreateHistogram("ha.wait", "s", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 2, double.PositiveInfinity] });
        foreach (var seconds in (double[])[0.5, 0.6, 2, 2.1, -1])
        {
            wait.Record(seconds, new KeyValuePair<string, object?>("of", "x"));
        }

        Assert.Equal(
            """
            # TYPE ha_wait_seconds histogram
            ha_wait_seconds_bucket{of="x",le="0.5"} 2
            ha_wait_seconds_bucket{of="x",le="2"} 4
            ha_wait_seconds_bucket{of="x",le="+Inf"} 5
            ha_wait_seconds_sum{of="x"} 4.2
            ha_wait_seconds_count{of="x"} 5

            """, Text());
    }

    [Fact]
    public void A_histogram_without_advice_has_buckets_too()
    {
        var wait = _meter.CreateHistogram<int>("wait");
        wait.Record(3);
        wait.Record(30);
        var samples = Exposition.Parse(Text()).Samples;
        Assert.Equal(0, samples["wait_bucket{le=\"2.5\"}"]);
        Assert.Equal(1, samples["wait_bucket{le=\"5\"}"]);
        Assert.Equal(2, samples["wait_bucket{le=\"+Inf\"}"]);
    }

    [Fact]
    public void What_is_not_a_number_exceeds_every_bound()
    {
        _meter.CreateHistogram<double>("wait").Record(double.NaN);
        var samples = Exposition.Parse(Text()).Samples;
        Assert.Equal((0, 1), (samples["wait_bucket{le=\"10\"}"], samples["wait_bucket{le=\"+Inf\"}"]));
    }

    [Fact]
    public void Tags_that_read_the_same_are_one_series()
    {
        var acts = _meter.CreateCounter<int>("acts");
        acts.Add(1, new("a", 1), new("b", "x"));
        acts.Add(1, new("b", "x"), new("a", "1"));
        acts.Add(1, new("b", "x"), new("a", 1), new("c", null));
        acts.Add(1);
        Assert.Equal("# TYPE acts_total counter\nacts_total 1\nacts_total{a=\"1\",b=\"x\"} 3\n", Text());
    }

    [Fact]
    public void A_series_that_is_not_observed_any_more_is_gone()
    {
        var seen = new List<Measurement<int>> { new(1, new KeyValuePair<string, object?>("source", "a")), new(2, new KeyValuePair<string, object?>("source", "b")) };
        _meter.CreateObservableGauge("heard", () => seen);
        _meter.CreateObservableCounter("turns", () => 4L);
        Assert.Equal("# TYPE heard gauge\nheard{source=\"a\"} 1\nheard{source=\"b\"} 2\n# TYPE turns_total counter\nturns_total 4\n", Text());
        seen.RemoveAt(0);
        Assert.Equal("# TYPE heard gauge\nheard{source=\"b\"} 2\n# TYPE turns_total counter\nturns_total 4\n", Text());
        seen.Clear();
        Assert.Equal("# TYPE turns_total counter\nturns_total 4\n", Text());
    }

    [Fact]
    public void What_the_runtime_wrongly_declares_as_a_counter_is_a_gauge()
    {
        _meter.CreateObservableCounter("dotnet.thread_pool.queue.length", () => 4L);
        Assert.Equal("# TYPE dotnet_thread_pool_queue_length gauge\ndotnet_thread_pool_queue_length 4\n", Text());
    }

    [Fact]
    public void Nothing_is_observed_but_when_somebody_asks()
    {
        var asked = 0;
        _meter.CreateObservableGauge("asked", () => ++asked);
        Assert.Equal(0, asked);
        Text();
        Assert.Equal(1, asked);
    }

    [Fact]
    public void A_gauge_that_throws_takes_no_other_with_it_and_is_told()
    {
        _meter.CreateObservableGauge("broken", int () => throw new InvalidOperationException("a bug of ours"));
        _meter.CreateObservableGauge("sound", () => 1);
        AggregateException? told = null;
        Assert.Equal("# TYPE sound gauge\nsound 1\n", PrometheusText.Write(_measurements.Read(bug => told = bug)));
        Assert.Equal("a bug of ours", told!.GetBaseException().Message);
    }

    [Fact]
    public void Instruments_that_claim_one_name_leave_the_document_valid()
    {
        _meter.CreateObservableGauge("a.b", () => 1);
        _meter.CreateObservableGauge("a_b", () => 2);
        _meter.CreateHistogram<int>("h").Record(1);
        _meter.CreateCounter<int>("h.count").Add(1);
        _meter.CreateGauge<int>("h.sum").Record(1);
        _meter.CreateCounter<int>("t").Add(1);
        _meter.CreateGauge<int>("t.total").Record(1);
        Assert.Equal(["a_b", "h", "h_count_total", "t_total"], Exposition.Parse(Text()).TypeOf.Keys);
    }

    [Fact]
    public void A_meter_that_is_disposed_of_and_one_that_nobody_asked_for_are_not_told_of()
    {
        using var gone = new Meter(_meter.Name);
        gone.CreateCounter<int>("gone").Add(1);
        using var other = new Meter("Tests.Other");
        other.CreateCounter<int>("other").Add(1);
        Assert.Equal("# TYPE gone_total counter\ngone_total 1\n", Text());
        gone.Dispose();
        Assert.Empty(Text());
    }

    [Fact]
    public void A_known_series_is_measured_without_allocating()
    {
        var acts = _meter.CreateCounter<long>("acts");
        var wait = _meter.CreateHistogram<double>("wait");
        void Measure()
        {
            acts.Add(1, new("kind", "delete"), new("outcome", "done"));
            wait.Record(0.1, new KeyValuePair<string, object?>("kind", "delete"));
        }

        Measure();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Measure();
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000); // less than a byte each
        Assert.Equal(1001, Exposition.Parse(Text()).Samples["acts_total{kind=\"delete\",outcome=\"done\"}"]);
    }

    [Fact]
    public async Task Those_who_measure_and_those_who_ask_do_not_disturb_each_other()
    {
        var acts = _meter.CreateCounter<int>("acts");
        var wait = _meter.CreateHistogram<int>("wait");
        _meter.CreateObservableGauge("heard", () => Enumerable.Range(0, 20).Select(i => new Measurement<int>(i, new KeyValuePair<string, object?>("i", i))));
        var measuring = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 5000; i++)
            {
                acts.Add(1, new KeyValuePair<string, object?>("i", i % 10));
                wait.Record(i % 20);
            }
        }));
        var asking = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 50; i++)
            {
                Assert.Equal(20, Exposition.Parse(Text()).Samples.Keys.Count(name => name.StartsWith("heard", StringComparison.Ordinal)));
            }
        }));
        await Task.WhenAll([.. measuring, .. asking]);
        var samples = Exposition.Parse(Text()).Samples;
        Assert.Equal(20000, samples.Where(sample => sample.Key.StartsWith("acts_total", StringComparison.Ordinal)).Sum(sample => sample.Value));
        Assert.Equal(20000, samples["wait_count"]);
    }

    public void Dispose()
    {
        _measurements.Dispose();
        _meter.Dispose();
    }

    private string Text() => PrometheusText.Write(_measurements.Read(bug => throw bug));
}
