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

        var (code, output, errors) = await ExternalProgram.RunAsync(Binaries.Find()["kubectl"], ["--kubeconfig", path, "get", "--raw", "/version"]);

        Assert.True(code == 0 == (expected.Shown is not null || expected.KubectlTakesIt is not null), $"kubectl ended with {code}: {output}{errors}");
        if (expected.Shown is not null)
        {
            Assert.True(KubeConfigCorpus.AreSame(expected.Shown, corpus.Shown()), $"kubectl has shown {string.Join("; ", corpus.Shown() ?? ["nothing"])}");
        }
    }
}
