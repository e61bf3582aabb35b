using MassTransit;

namespace Messaging;

/// <summary>Tells whether trying again can heal: everything, unless the exception is of a kind that repeats itself.</summary>
internal sealed class RetryableExceptions(IReadOnlyCollection<Type> neverRetried) : IExceptionFilter
{
    public bool Match(Exception exception) =>
        !neverRetried.Any(type => type.IsInstanceOfType(exception) || (exception is AggregateException && type.IsInstanceOfType(exception.GetBaseException())));

    public void Probe(ProbeContext context) => context.Set(new { NeverRetried = neverRetried.Select(type => type.Name).ToArray() });
}
