using Piraeus.HighAvailability.Controller.Kubernetes;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

public sealed class LabelSelectorTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a=b", "a=b")]
    [InlineData("a == b", "a=b")]
    [InlineData("a!=b", "a!=b")]
    [InlineData("a=", "a=")]
    [InlineData(" b , !a ,c in ( z,y , z ) ", "!a,b,c in (y,z)")]
    [InlineData("a notin (b,)", "a notin (,b)")]
    [InlineData("a>1,b < 2", "a>1,b<2")]
    [InlineData("example.com/a_b.c-d=E", "example.com/a_b.c-d=E")]
    [InlineData("in in (in,notin)", "in in (in,notin)")]
    public void A_selector_is_rewritten_as_Kubernetes_clients_write_it(string text, string written) =>
        Assert.Equal(written, LabelSelector.Parse(text).ToString());

    [Theory]
    [InlineData("", true)]
    [InlineData("tier=web", true)]
    [InlineData("tier=db", false)]
    [InlineData("tier!=db", true)]
    [InlineData("missing!=db", true)]
    [InlineData("missing=", false)]
    [InlineData("empty=", true)]
    [InlineData("tier in (db,web)", true)]
    [InlineData("tier notin (db,web)", false)]
    [InlineData("missing notin (db)", true)]
    [InlineData("tier", true)]
    [InlineData("missing", false)]
    [InlineData("!missing", true)]
    [InlineData("!tier", false)]
    [InlineData("size>2", true)]
    [InlineData("size>3", false)]
    [InlineData("size<4", true)]
    [InlineData("tier>2", false)]
    [InlineData("missing<2", false)]
    [InlineData("tier=web,size=3", true)]
    [InlineData("tier=web,size=4", false)]
    public void A_selector_selects_what_the_API_server_would(string text, bool selected) =>
        Assert.Equal(selected, LabelSelector.Parse(text).Matches(new Dictionary<string, string> { ["tier"] = "web", ["size"] = "3", ["empty"] = "" }));

    [Theory]
    [InlineData("a=b c", "\"c\" is not expected there")]
    [InlineData("a,", "a label is expected at its end")]
    [InlineData(",a", "a label is expected before \",\"")]
    [InlineData("=b", "a label is expected before \"=\"")]
    [InlineData("!a=b", "\"=\" is not expected there")]
    [InlineData("a in b", "a set of values in parentheses is expected after in and notin")]
    [InlineData("a in (b", "the set of values is not closed")]
    [InlineData("a>b", "\"b\" is no whole number to compare with")]
    [InlineData("-a=b", "\"-a\" is no label key")]
    [InlineData("a/b/c=d", "\"a/b/c\" is no label key")]
    [InlineData("/a=b", "\"/a\" is no label key")]
    [InlineData("Example.com/a", "\"Example.com/a\" is no label key")]
    [InlineData("a=b/c", "\"b/c\" is no label value")]
    [InlineData("a=b_", "\"b_\" is no label value")]
    [InlineData("a=0123456789012345678901234567890123456789012345678901234567890123", "\"0123456789012345678901234567890123456789012345678901234567890123\" is no label value")]
    public void A_malformed_selector_is_refused_with_its_reason(string text, string complaint) =>
        Assert.Equal(complaint, Assert.Throws<FormatException>(() => LabelSelector.Parse(text)).Message);
}
