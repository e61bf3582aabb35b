using Contracts;
using Contracts.Payments;
using Payments.Authorization;
using Payments.Capture;
using Payments.Operations;
using Payments.Provider;
using Payments.Reversal;

namespace Services.Tests.Payments.Rules;

/// <summary>A payment and what was told because of it, without what does not matter to a rule.</summary>
public sealed class GivenPayment
{
    public static readonly Money Total = new(2500, "EUR");
    public static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public Guid OrderId { get; } = Guid.NewGuid();

    public Payment Payment { get; }

    public GivenPayment() => Payment = new Payment(OrderId);

    public static GivenPayment Authorized()
    {
        var given = new GivenPayment();
        given.EndAuthorization(given.BeginAuthorization(1)!, new ProviderResult.Succeeded("auth_1"));
        return given;
    }

    public static GivenPayment Captured()
    {
        var given = Authorized();
        given.EndCapture(given.BeginCapture(1)!, new ProviderResult.Succeeded("cap_1"));
        return given;
    }

    public AuthorizationCall? BeginAuthorization(int attempt, string card = "tok_approve", string? customerId = "ada") => AuthorizationRules.Begin(
        Payment,
        new AuthorizePayment { OrderId = OrderId, CustomerId = customerId, Attempt = attempt, Amount = Total, PaymentMethod = card },
        Now);

    public void EndAuthorization(AuthorizationCall call, ProviderResult answer) => AuthorizationRules.End(Payment, call, answer, Now);

    public CaptureCall? BeginCapture(int attempt) =>
        CaptureRules.Begin(Payment, new CapturePayment { OrderId = OrderId, Attempt = attempt }, Now);

    public void EndCapture(CaptureCall call, ProviderResult answer) => CaptureRules.End(Payment, call, answer, Now);

    public ReversalCall? BeginReversal(int attempt) =>
        ReversalRules.Begin(Payment, new ReversePayment { OrderId = OrderId, CustomerId = "ada", Attempt = attempt }, Now);

    public void EndReversal(ReversalCall call, ReversalAnswer answer) => ReversalRules.End(Payment, call, answer, Now);

    public AttemptState StateOf(PaymentOperation kind, int attempt) => Payment.FindAttempt(kind, attempt)!.State;

    /// <summary>What was told since this was last asked.</summary>
    public IReadOnlyList<object> Told()
    {
        var told = Payment.Messages.Skip(_told).ToList();
        _told += told.Count;
        return told;
    }

    private int _told;
}
