using System.Reflection;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Control;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;

namespace Piraeus.HighAvailability.Controller.Tests;

public sealed class CompositionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_log_begins_with_the_addresses_the_selector_and_the_grace_periods()
    {
        var log = await RunAsync(new() { KnownResourceGracePeriod = TimeSpan.FromSeconds(10) }, ("LS_CONTROLLERS", "http://me:hunter2@linstor-1,https://linstor-2"), ("LS_USERNAME", "me"), ("LS_PASSWORD", "hunter2"));
        Assert.Equal(
            [
                $"Piraeus High Availability Controller {ProgramVersion.Version} has started.",
                "LINSTOR: http://linstor-1:3370, https://linstor-2:3371. Kubernetes: http://kubernetes.example/. Lease: none.",
                "Selected pods: linstor.csi.linbit.com/on-storage-lost=remove. Grace period: 10 s, or 45 s for what was lost already when first seen.",
            ],
            log.SkipWhile(line => !line.StartsWith("Piraeus", StringComparison.Ordinal)).Take(3));
    }

    [Fact]
    public async Task A_selector_that_selects_every_pod_is_warned_of() => Assert.Contains(
        "--pod-label-selector is empty: every pod that uses a volume of linstor.csi.linbit.com may be deleted.", await RunAsync(new() { PodSelector = LabelSelector.Parse("") }));

    [Fact]
    public async Task A_password_that_is_not_sent_is_warned_of() => Assert.Contains(
        "LS_PASSWORD is set and LS_USERNAME is not: LS_PASSWORD is ignored.", await RunAsync(new(), ("LS_PASSWORD", "hunter2")));

    [Fact]
    public void No_two_log_messages_have_the_same_event_id()
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var ids = typeof(Daemon).Assembly.GetTypes().SelectMany(type => type.GetMethods(All)).Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>().Select(message => message.EventId)
            .Concat(typeof(LogLines).GetFields().Select(field => ((EventId)field.GetValue(null)!).Id)).ToList();
        Assert.NotEmpty(ids);
        Assert.DoesNotContain(ids, id => id <= 0); // none was given
        Assert.Equal(ids.Distinct().Order(), ids.Order());
    }

    // It is told to stop at once, and begins all the same.
    private async Task<IReadOnlyList<string>> RunAsync(Settings settings, params (string Name, string Value)[] environment)
    {
        var log = new LogCapture();
        var kubeConfig = _folder.Write("config", KubeConfigText.Of("http://kubernetes.example"));
        await using var daemon = Composition.Build(settings with { KubeConfig = kubeConfig, HealthPort = 0 }, name => environment.FirstOrDefault(variable => variable.Name == name).Value, TimeProvider.System, log);
        Assert.Equal(0, await daemon.RunAsync(new CancellationToken(canceled: true)));
        return [.. log.Lines];
    }
}
