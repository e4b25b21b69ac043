using System.Net;

namespace Piraeus.HighAvailability.EndToEnd.Tests.Demo;

/// <summary>The demo's page in a real browser.</summary>
public sealed class PageTests : IAsyncLifetime
{
    private DemoProcess _demo = null!;
    private Uri _page = null!;

    [Fact]
    public async Task A_click_on_crash_ends_with_the_pod_running_elsewhere_and_with_an_explanation()
    {
        await using var browser = await OpenAsync();
        var uid = await browser.EvaluateAsync("document.querySelector('[aria-label=\"node-a\"] [data-pod=\"shop/db-0\"]').dataset.uid");
        await browser.ClickAsync("[aria-label='Crash node-a']");

        await browser.UntilAsync("document.querySelector('#doubt progress')");
        await browser.UntilAsync($"document.querySelector('.node:not([aria-label=\"node-a\"]) [data-pod=\"shop/db-0\"][data-works=\"true\"]:not([data-uid=\"{uid}\"])')");
        await browser.UntilAsync("[...document.querySelectorAll('.card.deleted')].some(card => card.innerText.includes('shop/db-0 on node-a was deleted') && card.innerText.includes('it was safe') && card.innerText.includes('later.'))");
        await browser.UntilAsync("[...document.querySelectorAll('.card.held')].some(card => card.innerText.includes('no quorum policy that fences'))");
        await browser.UntilAsync("['grace', 'starting', 'running'].every(state => [...document.querySelectorAll('.lane')].some(lane => lane.innerText.startsWith('db-0') && lane.querySelector(`.track .of-pod.${state}`)))");
        await browser.UntilAsync("document.querySelector('.track .mark').title.includes('node-a')");
        await browser.UntilAsync("/^db-0: .*running from .*grace period from .*running from/.test(document.querySelector('.lane .track').getAttribute('aria-label'))");
        await browser.UntilAsync("document.querySelectorAll('.track .baseline').length >= 3"); // archive-0 and cache-0 stay down
        await browser.PictureAsync("demo-light.png", "light");
        await browser.PictureAsync("demo-dark.png", "dark");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task The_keyboard_alone_is_enough_and_the_focus_stays_where_it_is()
    {
        await using var browser = await OpenAsync();
        for (var presses = 0; presses < 60 && await FocusAsync(browser) != "Cut off node-a"; presses++)
        {
            await browser.PressAsync("Tab", 9);
        }

        Assert.Equal("Cut off node-a", await FocusAsync(browser));
        await browser.PressAsync("Enter", 13, "\r");
        await browser.UntilAsync("document.querySelector('[aria-label=\"node-a\"] .badge').innerText == 'cut off'");
        await browser.UntilAsync("document.activeElement.getAttribute('aria-label') == 'Rejoin node-a'");
        await browser.PressAsync("Enter", 13, "\r");
        await browser.UntilAsync("document.querySelector('[aria-label=\"node-a\"] .badge').innerText == 'up'");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task One_button_heals_everything_that_was_broken()
    {
        await using var browser = await OpenAsync();
        foreach (var action in (string[])["Crash node-b", "Cut off node-c", "Stop satellite node-a"])
        {
            await browser.ClickAsync($"[aria-label='{action}']");
            await browser.UntilAsync($"!document.querySelector('[aria-label=\"{action}\"]')");
        }

        await browser.UntilAsync("document.querySelector('#reach').innerText.includes('No link between')");
        await browser.ClickAsync("#heal");
        await browser.UntilAsync("['Crash node-b', 'Cut off node-c', 'Stop satellite node-a'].every(action => document.querySelector(`[aria-label=\"${action}\"]`))");
        await browser.UntilAsync("document.querySelector('#reach').innerText == 'All nodes reach each other.'");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task What_a_frozen_controller_knew_is_called_old()
    {
        await using var browser = await OpenAsync();
        await browser.ClickAsync("#freeze");
        await browser.UntilAsync("[...document.querySelectorAll('#controllers .card')].some(card => card.innerText.includes('frozen') && /has not answered for [1-9]/.test(card.innerText))");
        await browser.UntilAsync("document.querySelector('#freeze').innerText == 'Resume the frozen controller'");
        await browser.ClickAsync("#heal");
        await browser.UntilAsync("[...document.querySelectorAll('#controllers .card')].every(card => card.innerText.includes('All sources are synced'))");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task It_fits_a_phone()
    {
        await using var browser = await OpenAsync(360, 740);
        Assert.Equal(360, (await browser.EvaluateAsync("document.documentElement.scrollWidth"))?.GetValue<int>());
        await browser.PictureAsync("demo-phone.png", "light");
        Assert.Empty(browser.Complaints);
    }

    [Theory]
    [InlineData("Origin", "http://somewhere.example")]
    [InlineData("Origin", "null")]
    [InlineData("Host", "somewhere.example")]
    public async Task Another_site_cannot_press_its_buttons(string header, string value)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_page, "/do/crash?node=node-a"));
        request.Headers.TryAddWithoutValidation(header, value);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.DoesNotContain("cut the power of", _demo.Output, StringComparison.Ordinal);
    }

    public async ValueTask InitializeAsync()
    {
        _demo = DemoProcess.Start("--no-browser");
        _page = await _demo.PageAsync();
    }

    public ValueTask DisposeAsync() => _demo.DisposeAsync();

    private static async Task<string?> FocusAsync(Browser browser) => (await browser.EvaluateAsync("document.activeElement.getAttribute('aria-label')"))?.GetValue<string>();

    private async Task<Browser> OpenAsync(int width = 1400, int height = 1400)
    {
        var browser = await Browser.OpenAsync(_page, width, height);
        await browser.UntilAsync("document.body?.dataset.ready == 'true'");
        return browser;
    }
}
