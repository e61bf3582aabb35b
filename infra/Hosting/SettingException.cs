namespace Hosting;

/// <summary>A setting is missing or wrong. The message is a sentence for whoever runs the service: which setting, and why.</summary>
public sealed class SettingException(string message) : Exception(message);
