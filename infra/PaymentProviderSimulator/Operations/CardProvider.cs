using PaymentProviderSimulator.Log;

namespace PaymentProviderSimulator.Operations;

/// <summary>
/// The provider's memory and rules. Everything it knows follows from its log: the log is replayed at the start,
/// and an operation counts only once its line is on disk.
/// </summary>
public sealed class CardProvider
{
    private readonly Lock _lock = new();
    private readonly OperationLog _log;
    private readonly TimeProvider _time;
    private readonly List<Recorded> _entries = [];
    private readonly Dictionary<string, Recorded> _resultsByKey = [];
    private readonly Dictionary<string, int> _errorsByKey = [];
    private readonly Dictionary<string, Recorded> _cancellationsByKey = [];
    private readonly Dictionary<string, GrantedAuthorization> _authorizations = [];
    private readonly Dictionary<string, GrantedAuthorization> _authorizationsByCapture = [];
    private readonly Dictionary<Guid, List<Recorded>> _entriesByOrder = [];

    public CardProvider(OperationLog log, TimeProvider time)
    {
        _log = log;
        _time = time;
        foreach (var entry in log.ReplayedEntries)
            Remember(new Recorded(entry, Task.CompletedTask));
    }

    /// <summary>An entry, and the moment from which it is on disk.</summary>
    private sealed record Recorded(OperationEntry Entry, Task Durable);

    /// <summary>
    /// Carries out an operation, or finds what the same idempotency key led to before. Two calls with one key
    /// that run at the same time get the same result, and only one of them does anything.
    /// </summary>
    /// <returns>The entry, on disk by then.</returns>
    /// <exception cref="OperationRejectedException">The key was used for another request, or the target is not known.</exception>
    public async Task<Answer> ExecuteAsync(string idempotencyKey, OperationRequest request)
    {
        Recorded recorded;
        bool isRepeat;
        Behaviour behaviour;
        TimeSpan delay;
        lock (_lock)
        {
            var card = CardOf(request);
            behaviour = card?.For(request.Kind) ?? Behaviour.Approve;
            delay = card?.Delay ?? TimeSpan.Zero;
            isRepeat = FindResult(idempotencyKey, request) is not null;
            if (behaviour == Behaviour.Hang && !isRepeat)
                return Answer.Never;
            recorded = FindResult(idempotencyKey, request) ?? Record(Decide(idempotencyKey, request, card));
        }

        await recorded.Durable;
        return new Answer(recorded.Entry, isRepeat ? Behaviour.Approve : behaviour, delay);
    }

    /// <summary>What an idempotency key led to; null when it did nothing (yet).</summary>
    public async Task<OperationEntry?> FindAsync(string idempotencyKey)
    {
        Recorded? recorded;
        lock (_lock)
            recorded = _resultsByKey.GetValueOrDefault(idempotencyKey);
        if (recorded is not null)
            await recorded.Durable;
        return recorded?.Entry;
    }

    /// <summary>Everything that was asked for one order, errors included, in the order in which it happened.</summary>
    public async Task<IReadOnlyList<OperationEntry>> ForOrderAsync(Guid orderId)
    {
        Recorded[] recorded;
        lock (_lock)
            recorded = _entriesByOrder.TryGetValue(orderId, out var entries) ? [.. entries] : [];
        await Task.WhenAll(recorded.Select(entry => entry.Durable));
        return [.. recorded.Select(entry => entry.Entry)];
    }

    /// <summary>The log after a position, at most <paramref name="limit" /> lines.</summary>
    public async Task<IReadOnlyList<OperationEntry>> AfterAsync(long sequence, int limit)
    {
        Recorded[] recorded;
        lock (_lock)
            recorded = [.. _entries.Skip((int)Math.Min(sequence, _entries.Count)).Take(limit)];
        await Task.WhenAll(recorded.Select(entry => entry.Durable));
        return [.. recorded.Select(entry => entry.Entry)];
    }

    private Recorded? FindResult(string idempotencyKey, OperationRequest request)
    {
        if (request.Kind == OperationKind.Cancellation)
            return _cancellationsByKey.GetValueOrDefault(idempotencyKey);
        if (!_resultsByKey.TryGetValue(idempotencyKey, out var stored))
            return null;
        if (stored.Entry.Request != request)
        {
            throw new OperationRejectedException(
                StatusCodes.Status422UnprocessableEntity,
                "idempotency_key_reused",
                "This idempotency key was used before, for another request.");
        }

        return stored;
    }

    private OperationEntry Decide(string idempotencyKey, OperationRequest request, TestToken? card)
    {
        var authorization = AuthorizationOf(request);
        var entry = new OperationEntry
        {
            Sequence = _entries.Count + 1,
            At = _time.GetUtcNow(),
            IdempotencyKey = idempotencyKey,
            Request = request,
            Outcome = OperationOutcome.Succeeded,
            OrderId = request.OrderId ?? authorization?.OrderId,
            Amount = request.Amount ?? authorization?.Amount,
            Currency = request.Currency ?? authorization?.Currency,
        };

        if (card is { Behaviour: Behaviour.Error } && card.For(request.Kind) == Behaviour.Error
            && (card.Count is null || _errorsByKey.GetValueOrDefault(idempotencyKey) < card.Count))
        {
            return entry with { Outcome = OperationOutcome.Error, Reason = "provider_error" };
        }

        if (authorization?.Forbids(request) is { } rule)
            return entry with { Outcome = OperationOutcome.Refused, Reason = rule };

        if (request.Kind == OperationKind.Cancellation)
            return authorization is null or { IsVoided: true } ? entry with { Reason = "nothing_held", Amount = null } : entry with { Id = authorization.Id };

        if (request.Kind == OperationKind.Authorization && _cancellationsByKey.ContainsKey(idempotencyKey))
            return entry with { Outcome = OperationOutcome.Refused, Reason = "cancelled" };

        if (request.Kind == OperationKind.Authorization && card is null)
            return entry with { Outcome = OperationOutcome.Declined, Reason = "unknown_payment_method" };

        if (card is { Behaviour: Behaviour.Decline } && card.For(request.Kind) == Behaviour.Decline)
            return entry with { Outcome = OperationOutcome.Declined, Reason = card.Reason };

        return entry with { Id = request.Kind == OperationKind.Void ? authorization!.Id : NewId(request.Kind) };
    }

    private static string NewId(OperationKind kind)
    {
        var prefix = kind switch
        {
            OperationKind.Authorization => "auth",
            OperationKind.Capture => "cap",
            _ => "ref",
        };
        return $"{prefix}_{Guid.CreateVersion7():N}";
    }

    private Recorded Record(OperationEntry entry)
    {
        var recorded = new Recorded(entry, _log.AppendAsync(entry));
        Remember(recorded);
        return recorded;
    }

    private void Remember(Recorded recorded)
    {
        var entry = recorded.Entry;
        _entries.Add(recorded);
        if (entry.OrderId is { } orderId)
        {
            if (!_entriesByOrder.TryGetValue(orderId, out var entries))
                _entriesByOrder[orderId] = entries = [];
            entries.Add(recorded);
        }

        if (entry.Outcome == OperationOutcome.Error)
        {
            _errorsByKey[entry.IdempotencyKey] = _errorsByKey.GetValueOrDefault(entry.IdempotencyKey) + 1;
            return;
        }

        // The result is looked up before it is applied: a cancellation names the authorization by its key.
        var authorization = AuthorizationOf(entry.Request);
        if (entry.Request.Kind != OperationKind.Cancellation)
            _resultsByKey[entry.IdempotencyKey] = recorded;
        else if (entry.Outcome == OperationOutcome.Succeeded)
            _cancellationsByKey[entry.IdempotencyKey] = recorded;

        if (entry.Outcome != OperationOutcome.Succeeded)
            return;

        if (entry.Request.Kind == OperationKind.Authorization)
            _authorizations[entry.Id!] = new GrantedAuthorization(entry);
        authorization?.Apply(entry);
        if (entry.Request.Kind == OperationKind.Capture)
            _authorizationsByCapture[entry.Id!] = authorization!;
    }

    private TestToken? CardOf(OperationRequest request) => request.PaymentMethod is { } token
        ? TestToken.Parse(token)
        : AuthorizationOf(request)?.Card;

    private GrantedAuthorization? AuthorizationOf(OperationRequest request) => request.Kind switch
    {
        OperationKind.Capture or OperationKind.Void =>
            _authorizations.GetValueOrDefault(request.Target!) ?? throw Unknown("authorization"),
        OperationKind.Refund =>
            _authorizationsByCapture.GetValueOrDefault(request.Target!) ?? throw Unknown("capture"),
        OperationKind.Cancellation when _resultsByKey.GetValueOrDefault(request.Target!)?.Entry is { Outcome: OperationOutcome.Succeeded, Request.Kind: OperationKind.Authorization } entry =>
            _authorizations[entry.Id!],
        _ => null,
    };

    private static OperationRejectedException Unknown(string what) =>
        new(StatusCodes.Status404NotFound, $"unknown_{what}", $"There is no such {what}.");
}
