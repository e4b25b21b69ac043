using System.Globalization;
using Piraeus.HighAvailability.Bench;
using Piraeus.HighAvailability.ControlPlane;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    // The first Ctrl+C stops the child processes on the way out; after a second one, the kernel ends them.
    pressed.Cancel = !interrupted.IsCancellationRequested;
    interrupted.Cancel();
};

try
{
    if (args is ["--help" or "-h"])
    {
        Console.WriteLine(BenchOptions.Usage);
        return 0;
    }

    return await new Benchmark(BenchOptions.Parse(args), interrupted.Token).RunAsync();
}
catch (UsageException wrong)
{
    await Console.Error.WriteLineAsync($"bench: {wrong.Message}");
    return 2;
}
catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
{
    return 130;
}
catch (Exception failed) when (failed is TimeoutException or System.ComponentModel.Win32Exception or InvalidOperationException or IOException or HttpRequestException or ApiException)
{
    await Console.Error.WriteLineAsync($"bench: {failed.Message}");
    return 1;
}
