using System.Text;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Reads the fields of a protobuf message one after the other.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>The current field's number.</summary>
    public int Number { get; private set; }

    /// <summary>The current field's value, if it is a number.</summary>
    public ulong Varint { get; private set; }

    /// <summary>The current field's value, if it is a text or a message.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Reads the next field; false at the end.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        var tag = Number64();
        (Number, Varint) = ((int)(tag >> 3), 0);
        Bytes = default;
        switch (tag & 7)
        {
            case 0:
                Varint = Number64();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                Bytes = Take(Number64());
                break;
            case 5:
                Take(4);
                break;
            default:
                throw Malformed();
        }

        return true;
    }

    private ulong Number64()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Malformed();
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)_rest.Length)
        {
            throw Malformed();
        }

        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    private static ApiException Malformed() => ApiException.BadRequest("the body of the request is not valid protobuf");
}

/// <summary>An entry of a protobuf map of texts.</summary>
internal readonly struct ProtobufEntry
{
    public ProtobufEntry(ReadOnlySpan<byte> bytes)
    {
        (Key, Value) = ("", "");
        for (var reader = new ProtobufReader(bytes); reader.Next();)
        {
            (Key, Value) = reader.Number switch { 1 => (Encoding.UTF8.GetString(reader.Bytes), Value), 2 => (Key, Encoding.UTF8.GetString(reader.Bytes)), _ => (Key, Value) };
        }
    }

    public string Key { get; }

    public string Value { get; }
}
