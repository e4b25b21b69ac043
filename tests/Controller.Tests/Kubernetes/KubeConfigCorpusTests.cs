using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

/// <summary>What the controller makes of the kubeconfigs in tests/KubeConfigs. What kubectl makes of them is tested end to end.</summary>
public sealed class KubeConfigCorpusTests(KubeConfigCorpus corpus) : IClassFixture<KubeConfigCorpus>
{
    [Theory]
    [MemberData(nameof(KubeConfigCorpus.Names), MemberType = typeof(KubeConfigCorpus))]
    public async Task A_kubeconfig_is_taken_or_refused_in_one_line_that_says_why(string name)
    {
        var (path, expected) = corpus.Write(name);
        string? refusal = null;
        try
        {
            using var client = KubernetesConnection.Open(path, variable => variable == "PATH" ? Environment.GetEnvironmentVariable("PATH") : null, TimeProvider.System, new LogCapture()).CreateClient();
            _ = await client.GetStringAsync("version");
        }
        catch (SettingsException complaint)
        {
            refusal = complaint.Message;
        }
        catch (HttpRequestException) when (expected is { Shown: null, Refusal: null })
        {
        }

        Assert.Equal(expected.Refusal is null ? null : $"kubeconfig {path}: {expected.Refusal}", refusal);
        Assert.True(KubeConfigCorpus.AreSame(expected.Shown, corpus.Shown()), $"expected {Join(expected.Shown)}, the server was shown {Join(corpus.Shown())}");
    }

    private static string Join(IReadOnlyList<string>? shown) => shown is null ? "nothing, unreached" : $"[{string.Join("; ", shown)}]";
}
