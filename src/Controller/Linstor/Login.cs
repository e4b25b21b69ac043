using System.Net.Http.Headers;
using System.Text;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>A user name and its password, sent as HTTP Basic.</summary>
internal sealed record Login(string User, string Password)
{
    public AuthenticationHeaderValue Header => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")));

    /// <summary>The user name only: a record would print the password.</summary>
    public override string ToString() => User;
}
