namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

/// <summary>A directory of files that goes with the test.</summary>
internal sealed class Folder : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("linstor-");

    public string Write(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
