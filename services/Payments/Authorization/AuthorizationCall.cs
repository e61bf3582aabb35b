using Contracts;

namespace Payments.Authorization;

/// <summary>What to ask the provider for.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Attempt">The attempt that waits for the answer.</param>
/// <param name="IdempotencyKey">The same whenever this attempt is repeated.</param>
/// <param name="Amount">To be reserved.</param>
/// <param name="PaymentMethod">The card's token.</param>
/// <param name="KeysToCancel">Earlier attempts whose outcome was never learned: they must hold nothing before this one may.</param>
public sealed record AuthorizationCall(
    Guid OrderId,
    int Attempt,
    string IdempotencyKey,
    Money Amount,
    string PaymentMethod,
    IReadOnlyList<string> KeysToCancel);
