using Piraeus.HighAvailability.Controller.Linstor;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class LinstorSettingsTests : IDisposable
{
    private readonly Folder _folder = new();
    private readonly Pki _root = Pki.Root();

    public void Dispose()
    {
        _folder.Dispose();
        _root.Dispose();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" , ,")]
    public void No_controller_at_all_means_localhost(string? list) =>
        Assert.Equal("http://localhost:3370", Assert.Single(Read(("LS_CONTROLLERS", list)).Controllers).ToString());

    [Fact]
    public void The_list_is_split_at_commas_trimmed_and_its_empty_elements_ignored() =>
        Assert.Equal(["http://a:3370", "https://b:3371"], Read(("LS_CONTROLLERS", " a , ,https://b,")).Controllers.Select(controller => controller.ToString()));

    [Fact]
    public void User_name_and_password_make_a_login()
    {
        var login = Read(("LS_USERNAME", "me"), ("LS_PASSWORD", "hunter2")).Login!;
        Assert.Equal(("me", "hunter2"), (login.User, login.Password));
    }

    [Fact]
    public void A_password_without_a_user_name_makes_none() => Assert.Null(Read(("LS_USERNAME", ""), ("LS_PASSWORD", "hunter2")).Login);

    [Theory]
    [InlineData("  s3cret\n", "s3cret")]
    [InlineData("""{"token":"s3cret"}""", "s3cret")]
    [InlineData("""{"token":7}""", """{"token":7}""")]
    [InlineData("\"s3cret\"", "\"s3cret\"")]
    public void A_token_file_holds_the_token_bare_or_as_JSON(string text, string token) =>
        Assert.Equal(token, Read(("LS_BEARER_TOKEN_FILE", _folder.Write("token", text))).Token!.First);

    [Theory]
    [InlineData("")]
    [InlineData("/nowhere/token")]
    public void A_token_file_that_cannot_be_read_is_an_error(string path) => Assert.StartsWith("LS_BEARER_TOKEN_FILE: cannot read", Refusal(("LS_BEARER_TOKEN_FILE", path)), StringComparison.Ordinal);

    [Theory]
    [InlineData(" \n")]
    [InlineData("s3cret s3cret")]
    public void A_token_file_without_a_token_is_an_error_that_does_not_quote_it(string text)
    {
        var path = _folder.Write("token", text);
        Assert.Equal($"LS_BEARER_TOKEN_FILE: '{path}' holds no token.", Refusal(("LS_BEARER_TOKEN_FILE", path)));
    }

    [Fact]
    public void A_root_certificate_is_trusted_alone_and_makes_https_the_default()
    {
        var settings = Read(("LS_ROOT_CA", _root.Pem));

        Assert.Equal(_root.Certificate.Thumbprint, Assert.Single(settings.Authorities!).Thumbprint);
        Assert.Equal("https://localhost:3371", Assert.Single(settings.Controllers).ToString());
    }

    [Fact]
    public void All_certificates_of_a_bundle_are_trusted()
    {
        using var other = Pki.Root("other");
        Assert.Equal(2, Read(("LS_ROOT_CA_FILE", _folder.Write("ca", $"{_root.Pem}\n{other.Pem}\n"))).Authorities!.Count);
    }

    [Fact]
    public void A_root_certificate_file_wins_over_the_inline_one()
    {
        using var other = Pki.Root("other");
        var settings = Read(("LS_ROOT_CA", other.Pem), ("LS_ROOT_CA_FILE", _folder.Write("ca", _root.Pem)));
        Assert.Equal(_root.Certificate.Thumbprint, Assert.Single(settings.Authorities!).Thumbprint);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    public void A_root_certificate_that_is_none_is_an_error_even_if_empty(string pem) => Assert.Equal("LS_ROOT_CA holds no valid certificate.", Refusal(("LS_ROOT_CA", pem)));

    [Fact]
    public void A_malformed_root_certificate_is_an_error() =>
        Assert.StartsWith("LS_ROOT_CA holds no valid certificate", Refusal(("LS_ROOT_CA", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")), StringComparison.Ordinal);

    [Fact]
    public void A_bundle_without_a_root_is_an_error_as_no_handshake_would_succeed()
    {
        using var between = _root.Issue("between", authority: true);
        Assert.Equal("LS_ROOT_CA holds no root certificate, only intermediate ones.", Refusal(("LS_ROOT_CA", between.Pem)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/nowhere/ca.crt")]
    public void A_root_certificate_file_that_cannot_be_read_is_an_error(string path) => Assert.StartsWith("LS_ROOT_CA_FILE: cannot read", Refusal(("LS_ROOT_CA_FILE", path)), StringComparison.Ordinal);

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Certificate_and_key_may_each_be_inline_or_a_file(bool certificateFile, bool keyFile)
    {
        var settings = Read(
            certificateFile ? ("LS_USER_CERTIFICATE_FILE", _folder.Write("crt", _root.Pem)) : ("LS_USER_CERTIFICATE", _root.Pem),
            keyFile ? ("LS_USER_KEY_FILE", _folder.Write("key", _root.Key)) : ("LS_USER_KEY", _root.Key));

        Assert.Equal(_root.Certificate.Thumbprint, settings.Identity!.Read(out _).TargetCertificate.Thumbprint);
        Assert.Equal("https://localhost:3371", Assert.Single(settings.Controllers).ToString());
    }

    [Fact]
    public void Certificate_and_key_files_win_over_inline_ones()
    {
        var settings = Read(
            ("LS_USER_CERTIFICATE", "nonsense"), ("LS_USER_CERTIFICATE_FILE", _folder.Write("crt", _root.Pem)),
            ("LS_USER_KEY", "nonsense"), ("LS_USER_KEY_FILE", _folder.Write("key", _root.Key)));
        Assert.Equal(_root.Certificate.Thumbprint, settings.Identity!.Read(out _).TargetCertificate.Thumbprint);
    }

    [Theory]
    [InlineData("LS_USER_KEY", "LS_USER_KEY is set, but neither LS_USER_CERTIFICATE nor LS_USER_CERTIFICATE_FILE.")]
    [InlineData("LS_USER_KEY_FILE", "LS_USER_KEY_FILE is set, but neither LS_USER_CERTIFICATE nor LS_USER_CERTIFICATE_FILE.")]
    [InlineData("LS_USER_CERTIFICATE", "LS_USER_CERTIFICATE is set, but neither LS_USER_KEY nor LS_USER_KEY_FILE.")]
    [InlineData("LS_USER_CERTIFICATE_FILE", "LS_USER_CERTIFICATE_FILE is set, but neither LS_USER_KEY nor LS_USER_KEY_FILE.")]
    public void Half_a_pair_is_an_error_even_if_TLS_is_unused(string variable, string message) =>
        Assert.Equal(message, Refusal((variable, ""), ("LS_CONTROLLERS", "http://host")));

    [Fact]
    public void A_key_of_another_certificate_is_an_error_that_does_not_quote_it()
    {
        using var other = Pki.Root("other");
        var message = Refusal(("LS_USER_CERTIFICATE", _root.Pem), ("LS_USER_KEY", other.Key));

        Assert.StartsWith("LS_USER_CERTIFICATE and LS_USER_KEY are not a certificate and its key", message, StringComparison.Ordinal);
        Assert.DoesNotContain(other.Key[40..80], message, StringComparison.Ordinal);
    }

    [Fact]
    public void Printing_the_settings_prints_no_secret()
    {
        var text = Read(
            ("LS_USERNAME", "me"), ("LS_PASSWORD", "hunter2"), ("LS_CONTROLLERS", "http://you:hunter2@host"),
            ("LS_BEARER_TOKEN_FILE", _folder.Write("token", "hunter2")), ("LS_USER_CERTIFICATE", _root.Pem), ("LS_USER_KEY", _root.Key)).ToString();

        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("BEGIN", text, StringComparison.Ordinal);
    }

    private static LinstorSettings Read(params (string Name, string? Value)[] variables) =>
        LinstorSettings.FromEnvironment(name => variables.FirstOrDefault(variable => variable.Name == name).Value);

    private static string Refusal(params (string Name, string? Value)[] variables)
    {
        var message = Assert.Throws<SettingsException>(() => Read(variables)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
