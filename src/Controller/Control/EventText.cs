using System.Text;

namespace Piraeus.HighAvailability.Controller.Control;

/// <summary>Shortens texts to the limits of an Event.</summary>
internal static class EventText
{
    /// <summary>The longest message that the API server accepts, in bytes.</summary>
    private const int LongestMessage = 1024;

    /// <summary>How many characters of an object's name fit before the time.</summary>
    private const int LongestPrefix = 253 - 20;

    /// <summary>As much of an object's name as fits, so that the name of an Event may begin with it.</summary>
    public static string Prefix(string name) => name.Length <= LongestPrefix ? name : name[..LongestPrefix].TrimEnd('-', '.');

    /// <summary>As much of a message as fits, without half a character at its end.</summary>
    public static string Capped(string message)
    {
        var bytes = Encoding.UTF8.GetBytes(message);
        if (bytes.Length <= LongestMessage)
        {
            return message;
        }

        var end = LongestMessage;
        while ((bytes[end] & 0b1100_0000) == 0b1000_0000)
        {
            end--; // within a character
        }

        return Encoding.UTF8.GetString(bytes, 0, end);
    }
}
