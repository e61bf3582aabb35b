using Contracts.Payments;
using Payments.Ledger;
using Payments.Operations;
using Payments.Provider;
using Payments.Reversal;
using Shouldly;
using Xunit;

namespace Services.Tests.Payments.Rules;

public sealed class ReversalRulesTests
{
    [Fact]
    public void Where_nothing_is_held_nobody_is_asked_and_a_tombstone_stays()
    {
        var given = new GivenPayment();

        given.BeginReversal(1).ShouldBeNull();

        given.Payment.Status.ShouldBe(PaymentStatus.Cancelled);
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentReversed>().ShouldSatisfyAllConditions(
            told => told.Outcome.ShouldBe(ReversalOutcome.NothingHeld),
            told => told.Amount.ShouldBeNull());
    }

    [Fact]
    public void A_declined_payment_holds_nothing()
    {
        var given = new GivenPayment();
        given.EndAuthorization(given.BeginAuthorization(1)!, new ProviderResult.Declined("card_declined"));

        given.BeginReversal(1).ShouldBeNull();

        given.Payment.Status.ShouldBe(PaymentStatus.Cancelled);
    }

    [Fact]
    public void An_authorization_is_voided()
    {
        var given = GivenPayment.Authorized();
        given.Told();

        given.EndReversal(given.BeginReversal(1)!, new ReversalAnswer.Done(ReversalOutcome.Voided));

        given.Payment.Status.ShouldBe(PaymentStatus.Voided);
        given.Payment.LedgerEntries.ShouldBeEmpty();
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentReversed>().Amount.ShouldBe(GivenPayment.Total);
    }

    [Fact]
    public void A_capture_is_refunded_and_the_ledger_is_even_again()
    {
        var given = GivenPayment.Captured();
        given.Told();

        given.EndReversal(given.BeginReversal(1)!, new ReversalAnswer.Done(ReversalOutcome.Refunded, CaptureId: "cap_1"));

        given.Payment.Status.ShouldBe(PaymentStatus.Refunded);
        given.Payment.LedgerEntries.Select(entry => entry.Kind).ShouldBe([LedgerEntryKind.Capture, LedgerEntryKind.Refund]);
        Balance(given, LedgerAccount.ProviderReceivable).ShouldBe(0);
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentReversed>().Outcome.ShouldBe(ReversalOutcome.Refunded);
    }

    [Fact]
    public void An_authorization_under_way_loses_its_say_and_is_cancelled_at_the_provider()
    {
        var given = new GivenPayment();
        var authorization = given.BeginAuthorization(1)!;
        var reversal = given.BeginReversal(1)!;
        reversal.UncertainAuthorizations.ShouldBe([authorization.IdempotencyKey]);

        given.EndAuthorization(authorization, new ProviderResult.Succeeded("auth_1"));
        given.Told().ShouldBeEmpty();
        given.EndReversal(reversal, new ReversalAnswer.Done(ReversalOutcome.Voided, CancelledKey: authorization.IdempotencyKey));

        given.Payment.Status.ShouldBe(PaymentStatus.Voided);
        given.StateOf(PaymentOperation.Authorization, 1).ShouldBe(AttemptState.Cancelled);
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentReversed>().Amount.ShouldBe(GivenPayment.Total);
    }

    [Fact]
    public void A_capture_under_way_that_was_faster_is_posted_and_refunded()
    {
        var given = GivenPayment.Authorized();
        var capture = given.BeginCapture(1)!;
        var reversal = given.BeginReversal(1)!;
        reversal.UncertainCaptures.ShouldBe([capture.IdempotencyKey]);
        given.Told();

        given.EndReversal(reversal, new ReversalAnswer.Done(ReversalOutcome.Refunded, CaptureId: "cap_1"));
        given.EndCapture(capture, new ProviderResult.Succeeded("cap_1"));

        given.StateOf(PaymentOperation.Capture, 1).ShouldBe(AttemptState.Succeeded);
        Balance(given, LedgerAccount.ProviderReceivable).ShouldBe(0);
        given.Payment.LedgerEntries.Count.ShouldBe(2);
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentReversed>();
    }

    [Fact]
    public void A_reversal_whose_answer_was_lost_is_repeated_under_the_same_key()
    {
        var given = GivenPayment.Captured();
        var first = given.BeginReversal(1)!;
        given.Told();
        given.EndReversal(first, new ReversalAnswer.Failed("provider_timeout", IsUncertain: true));
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentFailed>().Operation.ShouldBe(PaymentOperation.Reversal);

        given.BeginReversal(2)!.IdempotencyKey.ShouldBe(first.IdempotencyKey);
        given.Payment.Status.ShouldBe(PaymentStatus.Reversing);
    }

    [Fact]
    public void A_reversed_payment_answers_every_further_reversal_alike()
    {
        var given = GivenPayment.Authorized();
        given.EndReversal(given.BeginReversal(1)!, new ReversalAnswer.Done(ReversalOutcome.Voided));
        given.Told();

        given.BeginReversal(1).ShouldBeNull();
        given.Told().ShouldBeEmpty();
        given.BeginReversal(2).ShouldBeNull();

        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentReversed>().ShouldSatisfyAllConditions(
            told => told.Attempt.ShouldBe(2),
            told => told.Outcome.ShouldBe(ReversalOutcome.Voided));
    }

    private static long Balance(GivenPayment given, LedgerAccount account) => given.Payment.LedgerEntries.Sum(entry =>
        (entry.DebitAccount == account ? entry.Amount : 0) - (entry.CreditAccount == account ? entry.Amount : 0));
}
