using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Demo;

/// <summary>One page in a headless Chromium, driven by the DevTools protocol.</summary>
/// <remarks>Hand-written, because the library that there is brings 800 MB of browsers' drivers for the handful of commands that are needed.</remarks>
internal sealed class Browser : IAsyncDisposable
{
    private readonly DirectoryInfo _profile = Directory.CreateTempSubdirectory("piraeus-ha-browser-");
    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _asked = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Process _chromium;
    private Task _reading = Task.CompletedTask;
    private string? _session;
    private int _number;

    private Browser() => _chromium = Process.Start(new ProcessStartInfo(Program, [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0", $"--user-data-dir={_profile.FullName}", "about:blank"])
    { RedirectStandardError = true, RedirectStandardOutput = true })!;

    /// <summary>Everything that the page complained of: exceptions, errors on its console, requests that failed.</summary>
    public ConcurrentQueue<string> Complaints { get; } = new();

    private static string Program => Environment.GetEnvironmentVariable("CHROMIUM") is { Length: > 0 } named
        ? named
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "chromium")).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException("these tests need Chromium: install Debian's package chromium, or name the program with CHROMIUM (eng/chromium.sh does both)");

    public static async Task<Browser> OpenAsync(Uri page, int width = 1400, int height = 1000)
    {
        var browser = new Browser();
        await browser._socket.ConnectAsync(await browser.AddressAsync(), CancellationToken.None);
        browser._reading = browser.ReadAsync();
        var target = await browser.SendAsync("Target.createTarget", new() { ["url"] = "about:blank" });
        var attached = await browser.SendAsync("Target.attachToTarget", new() { ["targetId"] = target["targetId"]!.GetValue<string>(), ["flatten"] = true });
        browser._session = attached["sessionId"]!.GetValue<string>();
        foreach (var domain in (string[])["Runtime", "Log", "Page"])
        {
            await browser.SendAsync($"{domain}.enable");
        }

        await browser.ResizeAsync(width, height);
        await browser.SendAsync("Page.navigate", new() { ["url"] = page.AbsoluteUri });
        return browser;
    }

    public Task ResizeAsync(int width, int height) =>
        SendAsync("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 500 });

    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var answer = await SendAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true });
        return answer["exceptionDetails"] is { } thrown ? throw new InvalidOperationException(thrown.ToJsonString()) : answer["result"]!["value"];
    }

    /// <summary>Waits until an expression is true.</summary>
    public async Task UntilAsync(string expression, double seconds = 60)
    {
        for (var since = Stopwatch.GetTimestamp(); !await IsTrueAsync(expression); await Task.Delay(50))
        {
            if (Stopwatch.GetElapsedTime(since).TotalSeconds > seconds)
            {
                throw new TimeoutException($"{expression} did not become true; the page says: {(await EvaluateAsync("document.body.innerText"))?.GetValue<string>()}");
            }
        }
    }

    /// <summary>Clicks in the middle of an element with the mouse.</summary>
    public async Task ClickAsync(string selector)
    {
        var place = await EvaluateAsync($"(() => {{ const one = document.querySelector({JsonSerializer.Serialize(selector)}); one.scrollIntoView({{ block: 'center' }}); const box = one.getBoundingClientRect(); return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }}; }})()");
        foreach (var type in (string[])["mousePressed", "mouseReleased"])
        {
            await SendAsync("Input.dispatchMouseEvent", new() { ["type"] = type, ["x"] = place!["x"]!.DeepClone(), ["y"] = place["y"]!.DeepClone(), ["button"] = "left", ["clickCount"] = 1 });
        }
    }

    public async Task PressAsync(string key, int code, string text = "")
    {
        foreach (var type in (string[])["keyDown", "keyUp"])
        {
            await SendAsync("Input.dispatchKeyEvent", new() { ["type"] = type, ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = code, ["text"] = type == "keyDown" ? text : "" });
        }
    }

    /// <summary>Saves a screenshot of the page among the artefacts of the tests.</summary>
    public async Task PictureAsync(string name, string scheme)
    {
        await SendAsync("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = scheme }) });
        await EvaluateAsync("window.scrollTo(0, 0)");
        var picture = await SendAsync("Page.captureScreenshot", new() { ["format"] = "png" });
        var folder = Directory.CreateDirectory(Repository.File("artifacts/screenshots"));
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, name), Convert.FromBase64String(picture["data"]!.GetValue<string>()));
    }

    public async ValueTask DisposeAsync()
    {
        _chromium.Kill(entireProcessTree: true);
        await _chromium.WaitForExitAsync();
        await _reading;
        _socket.Dispose();
        _sending.Dispose();
        _chromium.Dispose();
        _profile.Delete(recursive: true);
    }

    // A page that is being loaded anew has no answer yet.
    private async Task<bool> IsTrueAsync(string expression)
    {
        try
        {
            return (await EvaluateAsync($"Boolean({expression})"))?.GetValue<bool>() == true;
        }
        catch (InvalidOperationException loading) when (loading.Message.Contains("navigated", StringComparison.Ordinal) || loading.Message.Contains("ReferenceError", StringComparison.Ordinal))
        {
            return false;
        }
    }

    private async Task<Uri> AddressAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await _chromium.StandardError.ReadLineAsync(deadline.Token) is { } line)
        {
            if (line.StartsWith("DevTools listening on ", StringComparison.Ordinal))
            {
                _ = _chromium.StandardError.ReadToEndAsync(CancellationToken.None); // a full pipe would block it
                return new Uri(line["DevTools listening on ".Length..]);
            }
        }

        throw new InvalidOperationException("Chromium did not start");
    }

    private async Task<JsonNode> SendAsync(string method, JsonObject? parameters = null)
    {
        var number = Interlocked.Increment(ref _number);
        var answer = _asked[number] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var message = new JsonObject { ["id"] = number, ["method"] = method, ["params"] = parameters ?? [] };
        if (_session is not null)
        {
            message["sessionId"] = _session;
        }

        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }

        return await answer.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    private async Task ReadAsync()
    {
        var (buffer, message) = (new byte[1 << 16], new MemoryStream());
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                message.Write(buffer, 0, part.Count);
                if (part.EndOfMessage)
                {
                    Take(JsonNode.Parse(message.ToArray())!);
                    message.SetLength(0);
                }
            }
        }
        catch (Exception over) when (over is WebSocketException or JsonException)
        {
            // The browser has ended.
        }
    }

    private void Take(JsonNode message)
    {
        if (message["id"]?.GetValue<int>() is { } number && _asked.TryRemove(number, out var asked))
        {
            if (message["error"] is { } error)
            {
                asked.SetException(new InvalidOperationException(error.ToJsonString()));
            }
            else
            {
                asked.SetResult(message["result"]!);
            }
        }

        var isComplaint = message["method"]?.GetValue<string>() switch
        {
            "Runtime.exceptionThrown" => true,
            "Runtime.consoleAPICalled" => message["params"]!["type"]!.GetValue<string>() is "error" or "assert",
            "Log.entryAdded" => message["params"]!["entry"]!["level"]!.GetValue<string>() == "error",
            _ => false,
        };
        if (isComplaint)
        {
            Complaints.Enqueue(message["params"]!.ToJsonString());
        }
    }
}
