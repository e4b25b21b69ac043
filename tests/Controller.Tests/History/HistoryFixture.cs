using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Endpoints;
using Piraeus.HighAvailability.Controller.History;
using Piraeus.HighAvailability.Controller.Tests.Control;
using Piraeus.HighAvailability.Controller.Tests.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Tests.History;

/// <summary>A history in front of an API that keeps one ConfigMap.</summary>
public abstract class HistoryFixture : IAsyncDisposable
{
    private protected const string Maps = "/api/v1/namespaces/ha/configmaps";
    private protected const string Map = Maps + "/controller-history";

    private readonly Channel<string> _answered = Channel.CreateUnbounded<string>();

    private protected CancellationTokenSource Stop { get; } = new();

    private protected ControlFixture Fixture { get; private set; } = null!;

    private protected ActionHistory History { get; private set; } = null!;

    private protected Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>The ConfigMap; null if there is none.</summary>
    private protected JsonObject? Kept { get; set; }

    /// <summary>Refuses a request; null answers it.</summary>
    private protected Func<Call, Task?> Refuse { get; set; } = _ => null;

    public async ValueTask DisposeAsync()
    {
        await Stop.CancelAsync();
        await Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Stop.Dispose();
        await Fixture.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected async Task StartAsync()
    {
        Fixture = await ControlFixture.OpenAsync(AnswerAsync);
        History = new(
            Fixture.Client, new("ha", "controller-history"), "ha-0", Fixture.RequestGate, Fixture.Clock, Fixture.Time, Fixture.Errors, Fixture.Told.CreateLogger<ActionHistory>());
        Running = History.RunAsync(Stop.Token);
    }

    private async Task AnswerAsync(Call call)
    {
        if (Refuse(call) is { } refused)
        {
            _answered.Writer.TryWrite($"{call.Method} {call.Path}");
            await refused;
            return;
        }

        if (call.Method != "GET")
        {
            Kept = JsonNode.Parse(call.Body)!.AsObject();
            Kept["metadata"]!["resourceVersion"] = "1";
        }

        var answer = Kept?.ToJsonString();
        _answered.Writer.TryWrite($"{call.Method} {call.Path}");
        await (answer is null ? call.RefuseAsync(404, "not found") : call.AnswerAsync(answer));
    }

    private protected void Accept(Decision decision)
    {
        Fixture.DecisionLog.Answered(decision, new(MutationOutcome.Accepted));
        Flush(1);
    }

    // Hands over what the decision log has written.
    private protected void Flush(int last = int.MaxValue)
    {
        foreach (var entry in Fixture.DecisionLog.Entries.TakeLast(last))
        {
            History.Add(entry);
        }
    }

    private protected async Task GatherAsync(int times)
    {
        await Fixture.Time.RestingAsync(ActionHistory.Gathering, times);
        Fixture.Time.Advance(ActionHistory.Gathering);
    }

    private protected async Task<List<string>> CallsAsync(int count)
    {
        List<string> calls = [];
        while (calls.Count < count)
        {
            calls.Add(await _answered.Reader.ReadAsync().AsTask().SoonAsync());
        }

        return calls;
    }

    private protected ImmutableArray<WireEntry> Stored() => HistoryText.Read((string?)Kept?["data"]?["actions"]);

    private protected static JsonObject Content(string actions) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "controller-history", ["resourceVersion"] = "5", ["labels"] = new JsonObject { ["x"] = "team" } },
        ["data"] = new JsonObject { ["actions"] = actions, ["other"] = "kept" },
        ["binaryData"] = new JsonObject { ["b"] = "AA==" },
    };
}
