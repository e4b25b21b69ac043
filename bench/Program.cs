using System.Globalization;
using Piraeus.HighAvailability.Bench;
using Piraeus.HighAvailability.ControlPlane;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    // What was started is stopped on the way out; who presses twice leaves that to the kernel.
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
