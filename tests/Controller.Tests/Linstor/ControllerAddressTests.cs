using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class ControllerAddressTests
{
    [Theory]
    [InlineData("host", "http://host:3370")]
    [InlineData("host:4000", "http://host:4000")]
    [InlineData("linstor://host", "http://host:3370")]
    [InlineData("linstor+ssl://host", "https://host:3371")]
    [InlineData("LINSTOR+SSL://host", "https://host:3371")]
    [InlineData("http://host", "http://host:3370")]
    [InlineData("https://host", "https://host:3371")]
    [InlineData("http://host:80", "http://host:80")]
    [InlineData("https://host:443", "https://host:443")]
    [InlineData("http://[fe80::1]:3370", "http://[fe80::1]:3370")]
    [InlineData("http://[fe80::1]", "http://[fe80::1]:3370")]
    [InlineData("10.0.0.1", "http://10.0.0.1:3370")]
    [InlineData("10.0.0.1:3370", "http://10.0.0.1:3370")]
    [InlineData("[::1]:3370", "http://[::1]:3370")]
    [InlineData("my_host:3370", "http://my_host:3370")]
    [InlineData("http://host/prefix", "http://host:3370")]
    [InlineData("host/prefix", "http://host:3370")]
    public void An_element_without_TLS_becomes(string element, string address) =>
        Assert.Equal(address, Root(ControllerAddress.Parse(element, "http")));

    [Theory]
    [InlineData("http://[fe80::1%25eth0]:4000", "http://[fe80::1%eth0]:4000")]
    [InlineData("linstor+ssl://me:pw@[fe80::1%25eth0.100]", "https://[fe80::1%eth0.100]:3371")]
    [InlineData("[fe80::1%eth0]", "http://[fe80::1%eth0]:3370")]
    public void The_zone_of_a_link_local_address_is_kept(string element, string address)
    {
        var parsed = ControllerAddress.Parse(element, "http");
        Assert.Equal(address, parsed.ToString());
        Assert.Equal(address[(address.IndexOf('[', StringComparison.Ordinal) + 1)..address.IndexOf(']', StringComparison.Ordinal)], new Uri(parsed.Root, "v1/nodes").IdnHost);
    }

    [Theory]
    [InlineData("host", "https://host:3371")]
    [InlineData("host:4000", "https://host:4000")]
    [InlineData("linstor://host", "https://host:3371")]
    [InlineData("linstor+ssl://host", "https://host:3371")]
    [InlineData("http://host", "http://host:3370")]
    [InlineData("10.0.0.1:3370", "https://10.0.0.1:3370")]
    public void An_element_with_TLS_becomes(string element, string address) =>
        Assert.Equal(address, Root(ControllerAddress.Parse(element, "https")));

    [Fact]
    public void User_info_becomes_a_login_and_leaves_the_address()
    {
        var address = ControllerAddress.Parse("http://u%40x:p%3Aq:r@host", "http");

        Assert.Equal(("u@x", "p:q:r"), (address.Login!.User, address.Login.Password));
        Assert.Equal("http://host:3370", address.ToString());
    }

    [Fact]
    public void Without_user_info_there_is_no_login() => Assert.Null(ControllerAddress.Parse("http://host", "http").Login);

    [Fact]
    public void An_unknown_scheme_is_refused_by_name()
    {
        var refused = Assert.Throws<SettingsException>(() => ControllerAddress.Parse("ftp://host", "http"));
        Assert.Equal("LS_CONTROLLERS: the scheme 'ftp' is none of http, https, linstor and linstor+ssl", refused.Message);
    }

    [Theory]
    [InlineData("http://")]
    [InlineData("host name")]
    [InlineData("host:port")]
    [InlineData("host:99999")]
    public void What_is_no_host_is_refused_by_variable(string element) =>
        Assert.StartsWith("LS_CONTROLLERS: '", Assert.Throws<SettingsException>(() => ControllerAddress.Parse(element, "http")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_refused_element_does_not_show_its_password()
    {
        var refused = Assert.Throws<SettingsException>(() => ControllerAddress.Parse("http://me:hunter2@host:port", "http"));
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }

    // What requests are sent to, with the port even where it is the scheme's own.
    private static string Root(ControllerAddress address) => $"{address.Root.Scheme}://{address.Root.Host}:{address.Root.Port}";
}
