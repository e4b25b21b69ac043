namespace Piraeus.HighAvailability.Controller.Common;

/// <summary>What the operator gave cannot be used; the message is the one line that says what and where.</summary>
internal sealed class SettingsException(string message) : Exception(message);
