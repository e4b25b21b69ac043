using System.Diagnostics.Metrics;
using System.Numerics;

namespace Piraeus.HighAvailability.Controller.Telemetry;

/// <summary>The current value of every instrument of some meters.</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _reading = new();
    private readonly Lock _listing = new(); // an instrument may be made while another is observed
    private readonly List<Aggregate> _aggregates = [];

    /// <summary>Listens from now on: what was counted before is not known.</summary>
    /// <param name="meters">Their names.</param>
    public Measurements(params string[] meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meters.Contains(instrument.Meter.Name) && AggregateOf(instrument) is { } aggregate)
            {
                lock (_listing)
                {
                    _aggregates.Add(aggregate);
                }

                listener.EnableMeasurementEvents(instrument, aggregate);
            }
        };
        _listener.MeasurementsCompleted = (_, state) =>
        {
            lock (_listing)
            {
                _aggregates.Remove((Aggregate)state!);
            }
        };
        Hear<byte>();
        Hear<short>();
        Hear<int>();
        Hear<long>();
        Hear<float>();
        Hear<double>();
        Hear<decimal>();
        _listener.Start();
    }

    /// <summary>All families as they are now; a name may occur more than once.</summary>
    /// <param name="failed">Is told what observing threw; those instruments have only the series that came before.</param>
    public IReadOnlyList<MetricFamily> Read(Action<AggregateException> failed)
    {
        // Two who read at a time would see each other's observations come and go.
        lock (_reading)
        {
            Listed().ForEach(aggregate => aggregate.Forget());
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException exception)
            {
                // All the others were observed.
                failed(exception);
            }

            return [.. Listed().Select(aggregate => aggregate.Read())];
        }
    }

    public void Dispose() => _listener.Dispose();

    private static Aggregate? AggregateOf(Instrument instrument) =>
        Aggregate.Of<long>(instrument) ?? Aggregate.Of<double>(instrument) ?? Aggregate.Of<int>(instrument) ?? Aggregate.Of<float>(instrument)
        ?? Aggregate.Of<decimal>(instrument) ?? Aggregate.Of<short>(instrument) ?? Aggregate.Of<byte>(instrument);

    private void Hear<T>()
        where T : struct, INumber<T> =>
        _listener.SetMeasurementEventCallback<T>(static (_, value, tags, state) => ((Aggregate)state!).Record(double.CreateSaturating(value), tags));

    private List<Aggregate> Listed()
    {
        lock (_listing)
        {
            return [.. _aggregates];
        }
    }
}
