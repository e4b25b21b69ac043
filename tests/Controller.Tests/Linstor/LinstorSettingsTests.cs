using System.Security.Cryptography.X509Certificates;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Tests.Linstor;

public sealed class LinstorSettingsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _root = new();
    private readonly X509Certificate2 _me;

    public LinstorSettingsTests() => _me = _root.Issue("me");

    public void Dispose() => _folder.Dispose();

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
    public async Task A_token_file_holds_the_token_bare_or_as_JSON(string text, string token) =>
        Assert.Equal(token, (await Read(("LS_BEARER_TOKEN_FILE", _folder.Write("token", text))).Token!(null, default)).Header!.Parameter);

    [Theory]
    [InlineData("", "LS_BEARER_TOKEN_FILE cannot be read: not a path")]
    [InlineData("/nowhere/token", "LS_BEARER_TOKEN_FILE /nowhere/token cannot be read: no such file")]
    public void A_token_file_that_cannot_be_read_is_an_error(string path, string message) => Assert.Equal(message, Refusal(("LS_BEARER_TOKEN_FILE", path)));

    [Theory]
    [InlineData(" \n", "is empty")]
    [InlineData("s3cret s3cret", "holds characters that no token has")]
    public void A_token_file_without_a_token_is_an_error_that_does_not_quote_it(string text, string complaint)
    {
        var path = _folder.Write("token", text);
        Assert.Equal($"LS_BEARER_TOKEN_FILE {path} {complaint}", Refusal(("LS_BEARER_TOKEN_FILE", path)));
    }

    [Fact]
    public void A_root_certificate_is_trusted_alone_and_makes_https_the_default()
    {
        var settings = Read(("LS_ROOT_CA", _root.Pem));

        Assert.Equal("CN=Test CA", Assert.Single(Authorities(settings)).Subject);
        Assert.Equal("https://localhost:3371", Assert.Single(settings.Controllers).ToString());
    }

    [Fact]
    public void All_certificates_of_a_bundle_are_trusted()
    {
        var other = new TestAuthority("other");
        Assert.Equal(2, Authorities(Read(("LS_ROOT_CA_FILE", _folder.Write("ca", $"{_root.Pem}\n{other.Pem}\n")))).Count);
    }

    [Fact]
    public void A_root_certificate_file_wins_over_the_inline_one()
    {
        var other = new TestAuthority("other");
        var settings = Read(("LS_ROOT_CA", other.Pem), ("LS_ROOT_CA_FILE", _folder.Write("ca", _root.Pem)));
        Assert.Equal("CN=Test CA", Assert.Single(Authorities(settings)).Subject);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    public void A_root_certificate_that_is_none_is_an_error_even_if_empty(string pem) => Assert.Equal("LS_ROOT_CA holds no PEM certificate", Refusal(("LS_ROOT_CA", pem)));

    [Fact]
    public void A_malformed_root_certificate_is_an_error() =>
        Assert.Equal("LS_ROOT_CA holds a certificate that is not valid PEM", Refusal(("LS_ROOT_CA", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")));

    [Theory]
    [InlineData("", "LS_ROOT_CA_FILE cannot be read: not a path")]
    [InlineData("/nowhere/ca.crt", "LS_ROOT_CA_FILE /nowhere/ca.crt cannot be read: no such file")]
    public void A_root_certificate_file_that_cannot_be_read_is_an_error(string path, string message) => Assert.Equal(message, Refusal(("LS_ROOT_CA_FILE", path)));

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Certificate_and_key_may_each_be_inline_or_a_file(bool certificateFile, bool keyFile)
    {
        var settings = Read(
            certificateFile ? ("LS_USER_CERTIFICATE_FILE", _folder.Write("crt", _me.ExportCertificatePem())) : ("LS_USER_CERTIFICATE", _me.ExportCertificatePem()),
            keyFile ? ("LS_USER_KEY_FILE", _folder.Write("key", _me.KeyPem())) : ("LS_USER_KEY", _me.KeyPem()));

        Assert.Equal(_me.Thumbprint, settings.Tls.Identity()!.TargetCertificate.Thumbprint);
        Assert.Equal("https://localhost:3371", Assert.Single(settings.Controllers).ToString());
    }

    [Fact]
    public void Certificate_and_key_files_win_over_inline_ones()
    {
        var settings = Read(
            ("LS_USER_CERTIFICATE", "nonsense"), ("LS_USER_CERTIFICATE_FILE", _folder.Write("crt", _me.ExportCertificatePem())),
            ("LS_USER_KEY", "nonsense"), ("LS_USER_KEY_FILE", _folder.Write("key", _me.KeyPem())));
        Assert.Equal(_me.Thumbprint, settings.Tls.Identity()!.TargetCertificate.Thumbprint);
    }

    [Theory]
    [InlineData("LS_USER_KEY", "LS_USER_KEY is set, but neither LS_USER_CERTIFICATE nor LS_USER_CERTIFICATE_FILE")]
    [InlineData("LS_USER_KEY_FILE", "LS_USER_KEY_FILE is set, but neither LS_USER_CERTIFICATE nor LS_USER_CERTIFICATE_FILE")]
    [InlineData("LS_USER_CERTIFICATE", "LS_USER_CERTIFICATE is set, but neither LS_USER_KEY nor LS_USER_KEY_FILE")]
    [InlineData("LS_USER_CERTIFICATE_FILE", "LS_USER_CERTIFICATE_FILE is set, but neither LS_USER_KEY nor LS_USER_KEY_FILE")]
    public void Half_a_pair_is_an_error_even_if_TLS_is_unused(string variable, string message) =>
        Assert.Equal(message, Refusal((variable, ""), ("LS_CONTROLLERS", "http://host")));

    [Fact]
    public void A_key_of_another_certificate_is_an_error_that_does_not_quote_it()
    {
        var other = _root.Issue("other").KeyPem();
        var message = Refusal(("LS_USER_CERTIFICATE", _me.ExportCertificatePem()), ("LS_USER_KEY", other));

        Assert.Equal("LS_USER_CERTIFICATE and LS_USER_KEY do not belong together", message);
        Assert.DoesNotContain(other[40..80], message, StringComparison.Ordinal);
    }

    [Fact]
    public void Printing_the_settings_prints_no_secret()
    {
        var text = Read(
            ("LS_USERNAME", "me"), ("LS_PASSWORD", "hunter2"), ("LS_CONTROLLERS", "http://you:hunter2@host"),
            ("LS_BEARER_TOKEN_FILE", _folder.Write("token", "hunter2")), ("LS_USER_CERTIFICATE", _me.ExportCertificatePem()), ("LS_USER_KEY", _me.KeyPem())).ToString();

        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("BEGIN", text, StringComparison.Ordinal);
    }

    private static LinstorSettings Read(params (string Name, string? Value)[] variables) =>
        LinstorSettings.FromEnvironment(name => variables.FirstOrDefault(variable => variable.Name == name).Value, TimeProvider.System, new LogCapture());

    private static X509Certificate2Collection Authorities(LinstorSettings settings) => Pem.Authorities(settings.Tls.Authorities!);

    private static string Refusal(params (string Name, string? Value)[] variables)
    {
        var message = Assert.Throws<SettingsException>(() => Read(variables)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
