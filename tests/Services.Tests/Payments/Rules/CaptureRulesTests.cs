using Contracts.Payments;
using Payments.Ledger;
using Payments.Operations;
using Payments.Provider;
using Shouldly;
using Xunit;

namespace Services.Tests.Payments.Rules;

public sealed class CaptureRulesTests
{
    [Fact]
    public void A_capture_is_posted_and_told()
    {
        var given = GivenPayment.Authorized();
        given.Told();

        given.EndCapture(given.BeginCapture(1)!, new ProviderResult.Succeeded("cap_1"));

        given.Payment.Status.ShouldBe(PaymentStatus.Captured);
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentCaptured>().Amount.ShouldBe(GivenPayment.Total);
        given.Payment.LedgerEntries.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            entry => entry.DebitAccount.ShouldBe(LedgerAccount.ProviderReceivable),
            entry => entry.CreditAccount.ShouldBe(LedgerAccount.OrderRevenue),
            entry => entry.Amount.ShouldBe(GivenPayment.Total.Amount));
    }

    [Fact]
    public void Nothing_is_captured_that_was_not_authorized()
    {
        var given = new GivenPayment();

        given.BeginCapture(1).ShouldBeNull();

        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentFailed>().Reason.ShouldBe(FailureReasons.NotAuthorized);
    }

    [Fact]
    public void A_capture_whose_answer_was_lost_is_repeated_under_the_same_key()
    {
        var given = GivenPayment.Authorized();
        var first = given.BeginCapture(1)!;
        given.EndCapture(first, new ProviderResult.Unreachable("provider_timeout"));

        given.BeginCapture(2)!.IdempotencyKey.ShouldBe(first.IdempotencyKey);
    }

    [Fact]
    public void A_capture_that_was_refused_for_certain_may_be_tried_under_a_new_key()
    {
        var given = GivenPayment.Authorized();
        var first = given.BeginCapture(1)!;
        given.EndCapture(first, new ProviderResult.Declined("do_not_honor"));

        given.BeginCapture(2)!.IdempotencyKey.ShouldNotBe(first.IdempotencyKey);
    }

    [Fact]
    public void A_captured_payment_is_never_captured_again()
    {
        var given = GivenPayment.Captured();
        given.Told();

        given.BeginCapture(1).ShouldBeNull();
        given.BeginCapture(2).ShouldBeNull();

        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentCaptured>().CaptureId.ShouldBe("cap_1");
    }

    [Fact]
    public void A_payment_that_is_being_reversed_is_not_captured()
    {
        var given = GivenPayment.Authorized();
        given.BeginReversal(1);
        given.Told();

        given.BeginCapture(1).ShouldBeNull();

        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentFailed>().Reason.ShouldBe(FailureReasons.Reversed);
    }
}
