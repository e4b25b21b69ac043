namespace Piraeus.HighAvailability.Controller.Common;

/// <summary>A setting of the operator cannot be used. The message names it and the problem in one line.</summary>
internal sealed class SettingsException(string message) : Exception(message);
