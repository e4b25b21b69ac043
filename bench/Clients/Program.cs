using System.Diagnostics;
using System.Globalization;
using System.Security.Authentication;
using Piraeus.HighAvailability.Bench.Clients;

// Compares this project's Kubernetes client with the official one: docs/adr/0001-own-kubernetes-client.md.
// Each measurement runs in a process of its own, because memory is what is measured.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
return args switch
{
    ["list", var client, var kubeConfig] => await ListAsync(ClientUnderTest.Named(client), kubeConfig),
    ["reach", var client, var kubeConfig] => await ReachAsync(ClientUnderTest.Named(client), kubeConfig),
    [] => await CompareAsync(pods: 10_000),
    [var pods] when int.TryParse(pods, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 => await CompareAsync(count),
    _ => Complain(),
};

static int Complain()
{
    Console.Error.WriteLine("compare-clients: expected nothing, or a number of pods (10000)");
    return 2;
}

static async Task<int> ListAsync(ClientUnderTest client, string kubeConfig)
{
    await client.ListPodsAsync(kubeConfig); // compiles everything
    GC.Collect();
    var (allocated, watch) = (GC.GetTotalAllocatedBytes(), Stopwatch.StartNew());
    var kept = await client.ListPodsAsync(kubeConfig);
    watch.Stop();
    var total = GC.GetTotalAllocatedBytes() - allocated;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalMilliseconds} {total} {PeakMemory()}"));
    GC.KeepAlive(kept);
    return 0;
}

// Prints whether the client accepts the server's certificate. Any other failure is an error.
static async Task<int> ReachAsync(ClientUnderTest client, string kubeConfig)
{
    try
    {
        await client.ListPodsAsync(kubeConfig);
        Console.WriteLine("accepted");
    }
    catch (Exception error) when (Causes(error).Any(cause => cause is AuthenticationException))
    {
        Console.WriteLine("refused");
    }

    return 0;
}

static IEnumerable<Exception> Causes(Exception error)
{
    for (var cause = error; cause is not null; cause = cause.InnerException)
    {
        yield return cause;
    }
}

// The largest resident set of the process, in bytes.
static long PeakMemory() => 1024 * long.Parse(
    File.ReadLines("/proc/self/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);

static async Task<int> CompareAsync(int pods)
{
    await using var server = await PodServer.StartAsync(pods);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pods} pods of {PodServer.PodSize} bytes of JSON each; medians of five rounds, alternating."));
    var rounds = new Dictionary<string, List<double[]>> { [ClientUnderTest.Ours] = [], [ClientUnderTest.Official] = [] };
    for (var round = 0; round < 5; round++)
    {
        foreach (var (client, figures) in rounds)
        {
            var output = await RunAsync("list", client, server.KubeConfig());
            figures.Add([.. output.Split(' ').Select(figure => double.Parse(figure, CultureInfo.InvariantCulture))]);
        }
    }

    Console.WriteLine("| | ours | official | ratio |");
    Console.WriteLine("|---|---|---|---|");
    Row("time for the list", 0, "ms", 1);
    Row("allocated for the list", 1, "MiB", 1 << 20);
    Row("peak resident memory of the process", 2, "MiB", 1 << 20);
    var (ours, official) = (await VerdictAsync(ClientUnderTest.Ours), await VerdictAsync(ClientUnderTest.Official));
    Console.WriteLine($"| a server whose certificate names another host, under a private CA | {ours} | {official} | |");
    return 0;

    void Row(string what, int figure, string unit, double scale)
    {
        var (ours, official) = (Median(ClientUnderTest.Ours), Median(ClientUnderTest.Official));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {ours:0} {unit} | {official:0} {unit} | {official / ours:0.0} |"));
        double Median(string client) => rounds[client].Select(round => round[figure] / scale).Order().ElementAt(2);
    }

    Task<string> VerdictAsync(string client) => RunAsync("reach", client, server.KubeConfig(wrongHost: true));
}

static async Task<string> RunAsync(params string[] arguments)
{
    using var child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true })!;
    var output = await child.StandardOutput.ReadToEndAsync();
    await child.WaitForExitAsync();
    return child.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException($"{string.Join(' ', arguments)} ended with {child.ExitCode}: {output}");
}
