namespace Messaging;

/// <summary>The settings under <c>DeadLetters</c>.</summary>
internal sealed class DeadLetterOptions
{
    public const string Section = "DeadLetters";

    /// <summary>How long a letter is kept after it was replayed or discarded. Default 30 days. Open letters are kept for ever.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    public static bool IsValid(DeadLetterOptions options) => options.Retention.TotalSeconds >= 1 && options.Retention.TotalDays <= 3650;
}
