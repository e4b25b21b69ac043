using System.Globalization;

namespace Piraeus.HighAvailability.Bench;

/// <summary>The benchmark's command-line options.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        Measures how fast volumes are failed over, and what a large cluster costs.
          --volumes N,N,…     how many volumes a crashed node loses (default 1,100,1000)
          --rounds N          rounds for each number of volumes (default 5 up to 300 volumes, 3 up to 1000, else 1)
          --objects N         pods, volumes and attachments of the large cluster; 0 leaves it out (default 10000)
          --idle-seconds N    how long the idle controller is watched there (default 60)
          --beside PROGRAM    measures another build of the controller in the same run
          --json FILE         writes every figure to a file
          --baseline FILE     compares with such a file
          --plot FILE         draws how recovery and processor time grow with the number of volumes, as SVG
        """;

    public IReadOnlyList<int> Volumes { get; private set; } = [1, 100, 1000];

    public int Objects { get; private set; } = 10_000;

    public TimeSpan Idle { get; private set; } = TimeSpan.FromSeconds(60);

    /// <summary>Another program to measure in turn with the controller; null for none.</summary>
    public string? Beside { get; private set; }

    public string? Json { get; private set; }

    public string? Plot { get; private set; }

    public Report? Baseline { get; private set; }

    /// <summary>What moves the pods, in turn.</summary>
    public IEnumerable<FailoverMethod> Methods => Enum.GetValues<FailoverMethod>().Where(method => method != FailoverMethod.Beside || Beside is not null);

    private int? Rounds { get; set; }

    /// <summary>The numbers of rounds. The figures are medians: short measurements vary and need many rounds, long ones need few.</summary>
    public int RoundsFor(int volumes) => Rounds ?? volumes switch { <= 300 => 5, <= 1000 => 3, _ => 1 };

    /// <exception cref="UsageException">An option is invalid.</exception>
    public static BenchOptions Parse(IEnumerable<string> arguments)
    {
        var options = new BenchOptions();
        // --name=value means --name value.
        var words = new Queue<string>(arguments.SelectMany(word => word.StartsWith("--", StringComparison.Ordinal) ? word.Split('=', 2) : [word]));
        while (words.TryDequeue(out var name))
        {
            options.Take(name, () => words.TryDequeue(out var value) ? value : throw new UsageException($"{name} needs a value"));
        }

        return options;
    }

    private void Take(string name, Func<string> value)
    {
        switch (name)
        {
            case "--volumes":
                Volumes = [.. value().Split(',').Select(part => Number(name, part, 1, 5000))];
                break;
            case "--rounds":
                Rounds = Number(name, value(), 1, 1000);
                break;
            case "--objects":
                Objects = Number(name, value(), 0, 200_000);
                break;
            case "--idle-seconds":
                Idle = TimeSpan.FromSeconds(Number(name, value(), 1, 86_400));
                break;
            case "--beside":
                var program = value();
                Beside = File.Exists(program) ? Path.GetFullPath(program) : throw new UsageException($"{name} {program}: there is no such file");
                break;
            case "--plot":
                Plot = Writable(name, value());
                break;
            case "--json":
                Json = Writable(name, value());
                break;
            case "--baseline":
                Baseline = Report.Read(value());
                break;
            default:
                throw new UsageException($"there is no option {name}");
        }
    }

    // Checked before any measurement, so that an error shows at once.
    private static string Writable(string name, string file) => Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(file))) && !Directory.Exists(file)
        ? file
        : throw new UsageException($"{name} {file} cannot be written");

    private static int Number(string name, string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new UsageException($"{name} takes numbers from {least} to {most}, not \"{text}\"");
}

/// <summary>The command line is invalid.</summary>
internal sealed class UsageException(string message) : Exception(message);
