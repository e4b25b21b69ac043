using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Tests.Transport;

public sealed class LastGoodValueTests
{
    private readonly LogCapture _log = new();
    private string? _text = "first";

    [Fact]
    public void Each_reading_is_a_new_one()
    {
        var text = new LastGoodValue<string>(Read, _log);
        Assert.Equal("first", text.Read());
        _text = "second";
        Assert.Equal("second", text.Read());
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void What_was_good_stays_in_use_with_a_warning_until_there_is_better()
    {
        var text = new LastGoodValue<string>(Read, _log);
        text.Read();
        _text = null;
        Assert.Equal("first", text.Read());
        _text = "second";
        Assert.Equal("second", text.Read());
        Assert.Equal("What was read before stays in use: the text is gone.", Assert.Single(_log.Lines));
    }

    [Fact]
    public void What_was_never_good_is_refused()
    {
        _text = null;
        Assert.Throws<SettingsException>(() => new LastGoodValue<string>(Read, _log).Read());
    }

    private string Read() => _text ?? throw new SettingsException("the text is gone");
}
