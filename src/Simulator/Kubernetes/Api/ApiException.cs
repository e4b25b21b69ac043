using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>An error answer of the API server (<c>metav1.Status</c>).</summary>
internal sealed class ApiException(int code, string reason, string message) : Exception(message)
{
    public int Code => code;

    /// <summary>The object that the error concerns; null if there is none in particular.</summary>
    public JsonObject? Details { get; init; }

    /// <summary>The delay in seconds before the client may retry.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>The token with which the client can continue an expired list all the same.</summary>
    public string? Continue { get; init; }

    public static ApiException BadRequest(string message) => new(StatusCodes.Status400BadRequest, "BadRequest", message);

    public static ApiException Unauthorized() => new(StatusCodes.Status401Unauthorized, "Unauthorized", "Unauthorized");

    public static ApiException NoPath() => new(StatusCodes.Status404NotFound, "NotFound", "the server could not find the requested resource") { Details = [] };

    public static ApiException NotFound(ApiKind kind, string name) =>
        new(StatusCodes.Status404NotFound, "NotFound", $"{kind.QualifiedPlural} \"{name}\" not found") { Details = About(kind, name, kind.Plural) };

    public static ApiException MethodNotAllowed() =>
        new(StatusCodes.Status405MethodNotAllowed, "MethodNotAllowed", "the server does not allow this method on the requested resource") { Details = [] };

    public static ApiException NotAcceptable(string message) => new(StatusCodes.Status406NotAcceptable, "NotAcceptable", message);

    public static ApiException AlreadyExists(ApiKind kind, string name) =>
        new(StatusCodes.Status409Conflict, "AlreadyExists", $"{kind.QualifiedPlural} \"{name}\" already exists") { Details = About(kind, name, kind.Plural) };

    public static ApiException Conflict(ApiKind kind, string name, string? why = null) =>
        new(StatusCodes.Status409Conflict, "Conflict", $"Operation cannot be fulfilled on {kind.QualifiedPlural} \"{name}\": {why ?? "the object has been modified; please apply your changes to the latest version and try again"}")
        {
            Details = About(kind, name, kind.Plural),
        };

    /// <summary>The precondition of a deletion failed. The error names the kind, where every other error names the plural.</summary>
    public static ApiException PreconditionFailed(ApiKind kind, string name, string why) =>
        new(StatusCodes.Status409Conflict, "Conflict", $"Operation cannot be fulfilled on {kind.QualifiedName} \"{name}\": {why}") { Details = About(kind, name, kind.Name) };

    public static ApiException Expired(string message) => new(StatusCodes.Status410Gone, "Expired", message);

    public static ApiException UnsupportedMediaType(string accepted) =>
        new(StatusCodes.Status415UnsupportedMediaType, "UnsupportedMediaType", $"the body of the request was in an unknown format - accepted media types include: {accepted}");

    public static ApiException Invalid(ApiKind kind, string name, string field, string what, string cause = "FieldValueInvalid")
    {
        var details = About(kind, name, kind.Name);
        details["causes"] = new JsonArray(new JsonObject { ["reason"] = cause, ["message"] = what, ["field"] = field });
        return new(StatusCodes.Status422UnprocessableEntity, "Invalid", $"{kind.QualifiedName} \"{name}\" is invalid: {field}: {what}") { Details = details };
    }

    /// <summary>The query of a list or watch asks for what does not go together.</summary>
    public static ApiException InvalidOptions(string field, string why) => new(StatusCodes.Status422UnprocessableEntity, "Invalid", $"ListOptions.meta.k8s.io \"\" is invalid: {field}: Forbidden: {why}")
    {
        Details = new() { ["group"] = "meta.k8s.io", ["kind"] = "ListOptions", ["causes"] = new JsonArray(new JsonObject { ["reason"] = "FieldValueForbidden", ["message"] = $"Forbidden: {why}", ["field"] = field }) },
    };

    /// <summary>A patch could not be applied; the API server does not report why.</summary>
    public static ApiException Unprocessable() => new(StatusCodes.Status422UnprocessableEntity, "Invalid", "the server rejected our request due to an error in our request") { Details = [] };

    public static ApiException TooManyRequests(int seconds) =>
        new(StatusCodes.Status429TooManyRequests, "TooManyRequests", "Too many requests, please try again later.") { RetryAfter = seconds, Details = new() { ["retryAfterSeconds"] = seconds } };

    public static ApiException Internal(string why) => new(StatusCodes.Status500InternalServerError, "InternalError", $"Internal error occurred: {why}")
    {
        Details = new() { ["causes"] = new JsonArray(new JsonObject { ["message"] = why }) },
    };

    public static ApiException TooLargeVersion(long asked, long current) =>
        new(StatusCodes.Status504GatewayTimeout, "Timeout", $"Timeout: Too large resource version: {asked}, current: {current}")
        {
            RetryAfter = 1,
            Details = new()
            {
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }),
                ["retryAfterSeconds"] = 1,
            },
        };

    /// <summary>Name, group and kind of the object that a Status concerns.</summary>
    public static JsonObject About(ApiKind kind, string name, string kindOrPlural) => new JsonObject().With("name", name).With("group", kind.Group).With("kind", kindOrPlural);

    public JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject().With("continue", Continue),
            ["status"] = "Failure",
            ["message"] = Message,
            ["reason"] = reason,
        };
        if (Details is not null)
        {
            status["details"] = Details.DeepClone();
        }

        status["code"] = code;
        return status;
    }
}
