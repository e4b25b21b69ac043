using System.Text;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Linstor;

/// <summary>The checks before every request: CORS headers, the redirect to HTTPS, and authentication.</summary>
internal sealed class RequestChecks(LinstorOptions options, Func<int> httpsPort)
{
    /// <summary>Answers a request that may not pass.</summary>
    /// <returns>True if the request may pass.</returns>
    public async Task<bool> AdmitsAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlAllowHeaders = "origin, content-type, accept, authorization";
        headers.AccessControlAllowCredentials = "true";
        headers.AccessControlAllowMethods = "GET, POST, PUT, DELETE, OPTIONS, HEAD";
        var path = context.Request.Path;
        if (options.Certificate is not null && !context.Request.IsHttps && path.StartsWithSegments("/v1"))
        {
            // The redirect drops the query, as in a real LINSTOR.
            context.Response.StatusCode = StatusCodes.Status302Found;
            headers.Location = $"https://{context.Request.Host.Host}:{httpsPort()}{path}";
            return false;
        }

        return await HasTokenAsync(context) && await HasPasswordAsync(context);
    }

    private async Task<bool> HasTokenAsync(HttpContext context)
    {
        var isExempt = context.Request.Path.Value is "" or "/" or "/health" or "/ui" or "/ui/";
        if (options.Tokens.Count == 0 || isExempt || options.Tokens.Contains(Credentials(context, "Bearer")))
        {
            return true;
        }

        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"linstor-controller\"";
        await Reply.ErrorAsync(context, StatusCodes.Status401Unauthorized, Reply.Code.CredentialsMissing, "Authentication required.");
        return false;
    }

    private async Task<bool> HasPasswordAsync(HttpContext context)
    {
        var isExempt = context.Request.Path.Value is "/health" or "/v1/controller/version";
        if (options.Basic is not { } basic || isExempt)
        {
            return true;
        }

        var shown = Credentials(context, "Basic");
        if (shown == Convert.ToBase64String(Encoding.UTF8.GetBytes($"{basic.User}:{basic.Password}")))
        {
            return true;
        }

        // Only endpoints that answer asynchronously map these failures properly.
        var isAsynchronous = context.Request.Path.StartsWithSegments("/v1/view");
        if (shown is null)
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"Linstor\"";
        }

        var status = !isAsynchronous ? StatusCodes.Status400BadRequest : shown is null ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden;
        await Reply.ErrorAsync(context, status, shown is null ? Reply.Code.CredentialsMissing : Reply.Code.SignInFailed, "Sign-in failed.");
        return false;
    }

    private static string? Credentials(HttpContext context, string scheme) =>
        context.Request.Headers.Authorization.ToString().Split(' ', 2) is [var shown, var credentials] && shown.Equals(scheme, StringComparison.OrdinalIgnoreCase)
            ? credentials
            : null;
}
