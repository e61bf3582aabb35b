using Contracts.Payments;
using Payments.Operations;
using Payments.Provider;
using Shouldly;
using Xunit;

namespace Services.Tests.Payments.Rules;

public sealed class AuthorizationRulesTests
{
    private const PaymentOperation Authorization = PaymentOperation.Authorization;

    [Fact]
    public void An_authorized_payment_holds_the_amount_and_says_so()
    {
        var given = new GivenPayment();

        given.EndAuthorization(given.BeginAuthorization(1)!, new ProviderResult.Succeeded("auth_1"));

        given.Payment.Status.ShouldBe(PaymentStatus.Authorized);
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentAuthorized>().ShouldSatisfyAllConditions(
            told => told.Attempt.ShouldBe(1),
            told => told.Amount.ShouldBe(GivenPayment.Total),
            told => told.AuthorizationId.ShouldBe("auth_1"));
    }

    [Fact]
    public void A_decline_leaves_the_way_open_for_another_card()
    {
        var given = new GivenPayment();
        given.EndAuthorization(given.BeginAuthorization(1)!, new ProviderResult.Declined("insufficient_funds"));
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentDeclined>().Reason.ShouldBe("insufficient_funds");

        given.EndAuthorization(given.BeginAuthorization(2)!, new ProviderResult.Succeeded("auth_2"));

        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentAuthorized>().Attempt.ShouldBe(2);
    }

    [Fact]
    public void A_redelivery_repeats_the_call_under_its_key_and_answers_once()
    {
        var given = new GivenPayment();
        var first = given.BeginAuthorization(1)!;
        var redelivered = given.BeginAuthorization(1)!;
        redelivered.IdempotencyKey.ShouldBe(first.IdempotencyKey);

        given.EndAuthorization(redelivered, new ProviderResult.Succeeded("auth_1"));
        given.EndAuthorization(first, new ProviderResult.Succeeded("auth_1"));
        given.BeginAuthorization(1).ShouldBeNull();

        given.Told().Count.ShouldBe(1);
    }

    [Fact]
    public void An_answer_that_never_came_fails_but_stays_uncertain()
    {
        var given = new GivenPayment();

        given.EndAuthorization(given.BeginAuthorization(1)!, new ProviderResult.Unreachable("provider_timeout"));

        given.StateOf(Authorization, 1).ShouldBe(AttemptState.Unknown);
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentFailed>().Reason.ShouldBe("provider_timeout");
    }

    [Fact]
    public void A_new_card_is_charged_only_after_the_uncertain_attempt_before_it_is_cancelled()
    {
        var given = new GivenPayment();
        var first = given.BeginAuthorization(1)!;
        given.EndAuthorization(first, new ProviderResult.Unreachable("provider_timeout"));

        var second = given.BeginAuthorization(2)!;
        second.KeysToCancel.ShouldBe([first.IdempotencyKey]);
        given.EndAuthorization(second, new ProviderResult.Succeeded("auth_2"));

        given.StateOf(Authorization, 1).ShouldBe(AttemptState.Cancelled);
        given.Payment.AuthorizationId.ShouldBe("auth_2");
    }

    [Fact]
    public void A_cancellation_that_did_not_come_through_is_left_to_the_next_attempt()
    {
        var given = new GivenPayment();
        var first = given.BeginAuthorization(1)!;
        given.EndAuthorization(first, new ProviderResult.Unreachable("provider_timeout"));
        var second = given.BeginAuthorization(2)!;
        given.EndAuthorization(second, new ProviderResult.Unreachable("provider_timeout"));

        given.BeginAuthorization(3)!.KeysToCancel.ShouldBe([first.IdempotencyKey, second.IdempotencyKey]);
    }

    [Fact]
    public void An_attempt_that_was_overtaken_while_under_way_has_no_say_any_more()
    {
        var given = new GivenPayment();
        var first = given.BeginAuthorization(1)!;
        var second = given.BeginAuthorization(2)!;

        given.EndAuthorization(first, new ProviderResult.Succeeded("auth_1"));
        given.Told().ShouldBeEmpty();
        given.EndAuthorization(second, new ProviderResult.Declined("card_declined"));

        given.Payment.Status.ShouldBe(PaymentStatus.Pending);
        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentDeclined>();
    }

    [Fact]
    public void An_older_command_that_arrives_late_is_dropped()
    {
        var given = new GivenPayment();
        given.BeginAuthorization(2);

        given.BeginAuthorization(1).ShouldBeNull();
    }

    [Fact]
    public void A_second_attempt_on_an_authorized_payment_hears_of_the_first()
    {
        var given = GivenPayment.Authorized();
        given.Told();

        given.BeginAuthorization(2).ShouldBeNull();

        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentAuthorized>().Attempt.ShouldBe(1);
    }

    [Fact]
    public void The_tombstone_refuses_an_authorization_that_arrives_later()
    {
        var given = new GivenPayment();
        given.BeginReversal(1);
        given.Told();

        given.BeginAuthorization(1).ShouldBeNull();
        given.BeginAuthorization(1).ShouldBeNull();

        given.Told().ShouldHaveSingleItem().ShouldBeOfType<PaymentFailed>().ShouldSatisfyAllConditions(
            told => told.Operation.ShouldBe(Authorization),
            told => told.Reason.ShouldBe(FailureReasons.Reversed));
    }
}
