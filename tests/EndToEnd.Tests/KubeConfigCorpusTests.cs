using System.Diagnostics;
using Piraeus.HighAvailability.ControlPlane;

namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>What the kubeconfigs in tests/KubeConfigs say of kubectl is true: it takes what the controller takes, with the same credentials, and takes nothing else but where a file says why.</summary>
public sealed class KubeConfigCorpusTests(KubeConfigCorpus corpus) : IClassFixture<KubeConfigCorpus>
{
    [Theory]
    [MemberData(nameof(KubeConfigCorpus.Names), MemberType = typeof(KubeConfigCorpus))]
    public async Task Kubectl_takes_what_the_controller_takes(string name)
    {
        var (path, expected) = corpus.Write(name);

        var (code, output) = await KubectlAsync("--kubeconfig", path, "get", "--raw", "/version");

        Assert.True(code == 0 == (expected.Shown is not null || expected.KubectlTakesIt is not null), $"kubectl ended with {code}: {output}");
        if (expected.Shown is not null)
        {
            Assert.True(KubeConfigCorpus.AreSame(expected.Shown, corpus.Shown()), $"kubectl has shown {string.Join("; ", corpus.Shown() ?? ["nothing"])}");
        }
    }

    private static async Task<(int Code, string Output)> KubectlAsync(params string[] arguments)
    {
        using var kubectl = Process.Start(new ProcessStartInfo(Binaries.Find()["kubectl"], arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        kubectl.StandardInput.Close();
        var output = await Task.WhenAll(kubectl.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), kubectl.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await kubectl.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (kubectl.ExitCode, string.Concat(output));
    }
}
