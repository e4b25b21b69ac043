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
        await browser.EvaluateAsync("new MutationObserver(() => { window.sawGrace ||= document.querySelector('#doubt progress') !== null; }).observe(document.querySelector('#doubt'), { childList: true })");
        await browser.ClickAsync("[aria-label='Crash node-a']");

        await browser.UntilAsync("window.sawGrace");
        await browser.UntilAsync($"document.querySelector('.node:not([aria-label=\"node-a\"]) [data-pod=\"shop/db-0\"][data-works=\"true\"]:not([data-uid=\"{uid}\"])')");
        await browser.UntilAsync("[...document.querySelectorAll('.card.deleted')].some(card => card.innerText.includes('shop/db-0 on node-a was deleted') && card.innerText.includes('it was safe') && card.innerText.includes('later.'))");
        await browser.UntilAsync("[...document.querySelectorAll('.card.held')].some(card => card.innerText.includes('no quorum policy that fences'))");
        await browser.UntilAsync("['grace', 'starting', 'running'].every(state => [...document.querySelectorAll('.lane')].some(lane => lane.innerText.startsWith('db-0') && lane.querySelector(`.track .of-pod.${state}`)))");
        await browser.UntilAsync("document.querySelector('.track .mark').title.includes('node-a')");
        await browser.UntilAsync("/^db-0: .*running from .*grace period from .*running from/.test(document.querySelector('.lane .track').getAttribute('aria-label'))");
        // Only the pods that were moved are compared with Kubernetes alone: archive-0 and cache-0 stay down, and web-0 was only interrupted.
        await browser.UntilAsync("document.querySelectorAll('.track .baseline').length == 2");
        await browser.UntilAsync("document.querySelector('[data-workload=\"db-0\"]').innerText.includes('while it was moved; without the controller at least 11 min 40 s')");
        Assert.Equal(false, (await browser.EvaluateAsync("['archive-0', 'cache-0', 'web-0'].some(pod => document.querySelector(`[data-workload=\"${pod}\"]`).innerText.includes('11 min'))"))?.GetValue<bool>());
        await browser.UntilAsync("[...document.querySelectorAll('#doubt .card')].some(card => card.innerText.includes('archive-0') && card.innerText.includes('will not be moved: it carries the annotation'))");
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
        await browser.UntilAsync("[...document.querySelectorAll('#controllers .card')].some(card => card.innerText.includes('frozen') && /has not answered since [0-9.]+ s, for [1-9]/.test(card.innerText))");
        await browser.UntilAsync("document.querySelector('#freeze').innerText == 'Resume the frozen controller'");
        await browser.ClickAsync("#heal");
        await browser.UntilAsync("[...document.querySelectorAll('#controllers .card')].every(card => card.innerText.includes('All sources are synced'))");

        // Both frozen: the page has nothing to say of the present but the truth.
        await browser.EvaluateAsync("events.close(); show({ ...current, controllers: current.controllers.map(one => ({ ...one, state: 'frozen', isStale: true })), doubt: { ...current.doubt, isStale: true, leads: true, answeredAt: current.elapsed - 17, pods: [], down: ['db-0'] } })");
        var text = (await browser.EvaluateAsync("document.querySelector('#doubt').innerText"))!.GetValue<string>();
        Assert.Contains("No controller answers. The last answer is old: controller-", text, StringComparison.Ordinal);
        Assert.Contains("17.0 s ago", text, StringComparison.Ordinal);
        Assert.Contains("In truth down now: db-0.", text, StringComparison.Ordinal);
        Assert.Null(await browser.EvaluateAsync("document.querySelector('#doubt .good')"));
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

    [Fact]
    public async Task Another_replica_takes_over_when_the_leader_is_killed()
    {
        await using var browser = await OpenAsync();
        await browser.EvaluateAsync("window.leader = document.querySelector('#holder').innerText");
        await browser.ClickAsync("[data-do='kill-leader']");
        await browser.UntilAsync("[...document.querySelectorAll('#controllers .card')].some(card => card.innerText.includes(leader) && card.innerText.includes('ended'))");
        await browser.UntilAsync("!['no controller', leader].includes(document.querySelector('#holder').innerText)");
        await browser.UntilAsync("[...document.querySelectorAll('#controllers .card')].some(card => card.innerText.includes(leader) && card.innerText.includes('stands by'))");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task A_demo_that_is_started_again_on_the_same_port_begins_a_new_page()
    {
        await using var browser = await OpenAsync();
        await browser.ClickAsync("[aria-label='Stop satellite node-b']");
        await browser.UntilAsync("document.querySelector('#story').innerText.includes('satellite on node-b')");
        _demo.Kill();
        await _demo.EndAsync();
        await browser.UntilAsync("document.querySelector('#trouble').innerText.includes('The demo does not answer')");
        await browser.ClickAsync("[aria-label='Crash node-a']");
        await browser.UntilAsync("document.querySelector('#trouble').innerText.includes('The demo does not answer')");

        await using var again = DemoProcess.Start("--no-browser", "--port", $"{_page.Port}");
        await browser.UntilAsync("document.body?.dataset.ready == 'true' && document.querySelector('#trouble').innerText == '' && document.querySelector('[aria-label=\"Stop satellite node-b\"]')");
        Assert.Equal(false, (await browser.EvaluateAsync("document.querySelector('#story').innerText.includes('satellite on node-b')"))?.GetValue<bool>());
        Assert.Equal(2, (await browser.EvaluateAsync("document.querySelectorAll('#controllers .card').length"))?.GetValue<int>());
    }

    [Fact]
    public async Task Each_button_says_what_it_does_to_those_who_use_the_keyboard()
    {
        await using var browser = await OpenAsync();
        foreach (var (button, meaning) in ((string, string)[])[("Cut off node-a", "holds back every write"), ("Stop satellite node-b", "nothing may be moved"), ("Crash node-d", "loses power")])
        {
            await browser.EvaluateAsync($"document.querySelector('[aria-label=\"{button}\"]').focus()");
            Assert.Contains(meaning, (await browser.EvaluateAsync("document.querySelector('#hint').innerText"))!.GetValue<string>(), StringComparison.Ordinal);
        }

        Assert.Contains("cordoned (takes no pods)", (await browser.EvaluateAsync("document.querySelector('[aria-label=\"node-d\"] .facts').innerText"))!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1400, 1000)]
    [InlineData(900, 800)]
    [InlineData(390, 844)]
    public async Task With_thirty_pods_it_fits_and_no_button_moves(int width, int height)
    {
        await using var browser = await OpenAsync(width, height);
        await browser.EvaluateAsync("""
            {
            events.close();
            window.place = () => JSON.stringify([...document.querySelectorAll('[aria-label="node-a"] button')].map(one => [Math.round(one.getBoundingClientRect().x), Math.round(one.getBoundingClientRect().y + one.closest('.column').scrollTop)]));
            window.scrollTo(0, 0);
            window.before = place();
            const pods = [...Array(30).keys()].map(at => `a-workload-with-a-long-name-${at}`);
            const [first, ...others] = current.world.nodes;
            const broken = { ...first, powered: false, taints: ['drbd.linbit.com/lost-quorum:NoSchedule'],
              pods: pods.map(pod => ({ ...first.pods[0], name: `shop/${pod}`, uid: pod, works: false })), devices: pods.map(pod => ({ ...first.devices[0], resource: `pvc-${pod}` })) };
            const lanes = pods.map(pod => ({ name: pod, kind: 'pod', spans: [{ from: 0, to: null, state: 'lost' }] }));
            show({ ...current, world: { ...current.world, nodes: [broken, ...others] }, lanes, workloads: pods.map(pod => ({ ...current.workloads[0], pod, works: false })),
              doubt: { ...current.doubt, down: pods, pods: pods.map(pod => ({ subject: `shop/${pod}`, node: 'node-a', resources: [`pvc-${pod}`], outlook: 'Its storage seems lost.', graceSeconds: 5, graceLeftSeconds: 2, reasons: [] })) } });
            }
            """);
        Assert.InRange((await browser.EvaluateAsync("document.documentElement.scrollWidth"))!.GetValue<int>(), width - 20, width); // less a scroll bar
        Assert.Equal(true, (await browser.EvaluateAsync("before == place()"))?.GetValue<bool>());
        Assert.Equal(30, (await browser.EvaluateAsync("document.querySelectorAll('.lane').length"))?.GetValue<int>());
        if (width >= 1200)
        {
            // The cause, the pods in doubt, the proof and the log are on one screen.
            Assert.Equal(height, (await browser.EvaluateAsync("document.documentElement.scrollHeight"))?.GetValue<int>());
            Assert.Equal("", (await browser.EvaluateAsync("['nodes', 'doubt', 'explanations', 'story'].filter(id => { const box = document.getElementById(id).getBoundingClientRect(); return box.height < 60 || box.top < 0 || box.top > innerHeight - 60; }).join()"))?.GetValue<string>());
        }
        else
        {
            Assert.InRange((await browser.EvaluateAsync("document.documentElement.scrollHeight"))!.GetValue<int>(), height, 7000);
        }

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
