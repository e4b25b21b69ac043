namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>PEM text that an environment variable holds, or names the file of.</summary>
internal sealed class PemSource
{
    private readonly string _value;
    private readonly bool _isFile;

    private PemSource(string variable, string value, bool isFile) => (Variable, _value, _isFile) = (variable, value, isFile);

    /// <summary>The environment variable that counts.</summary>
    public string Variable { get; }

    /// <summary>The source named by <paramref name="variable"/>, or by its <c>_FILE</c> variant, which wins; null if neither is set.</summary>
    public static PemSource? Find(Func<string, string?> environment, string variable) =>
        environment($"{variable}_FILE") is { } path ? new PemSource($"{variable}_FILE", path, isFile: true)
        : environment(variable) is { } text ? new PemSource(variable, text, isFile: false)
        : null;

    /// <exception cref="SettingsException">The file cannot be read.</exception>
    public string Read() => _isFile ? ReadFile(Variable, _value) : _value;

    /// <summary>Where the text comes from; never the text, which may be a private key.</summary>
    public override string ToString() => _isFile ? $"{Variable} ('{_value}')" : Variable;

    /// <summary>Reads a file that an environment variable names.</summary>
    /// <exception cref="SettingsException">The file cannot be read.</exception>
    public static string ReadFile(string variable, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SettingsException($"{variable}: cannot read '{path}': {unreadable.Message}");
        }
    }
}
