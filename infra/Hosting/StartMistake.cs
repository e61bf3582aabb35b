using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Hosting;

/// <summary>Mistakes of whoever started the process, which deserve a sentence instead of a stack trace.</summary>
internal static class StartMistake
{
    /// <summary>What to tell about <paramref name="exception" />; null when it is a fault of the program.</summary>
    public static IEnumerable<string>? Sentences(Exception exception) => exception switch
    {
        SettingException => [exception.Message],
        OptionsValidationException validation => validation.Failures,
        AggregateException { InnerExceptions: var inner } when inner.All(mistake => Sentences(mistake) is not null) =>
            inner.SelectMany(mistake => Sentences(mistake)!),
        IOException { InnerException: AddressInUseException } => [exception.Message],
        _ => null,
    };
}
