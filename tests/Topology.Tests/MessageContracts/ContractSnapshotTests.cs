using Contracts;
using Shouldly;
using Xunit;

namespace Topology.Tests.MessageContracts;

public sealed class ContractSnapshotTests
{
    private const string SnapshotPath = "tests/Topology.Tests/MessageContracts/snapshot.txt";

    private static readonly string[] Snapshot =
        File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "MessageContracts", "snapshot.txt"));

    private static readonly IReadOnlyList<string> Current = ContractText.Of(typeof(Routes).Assembly);

    [Fact]
    public void No_contract_has_changed_in_a_way_that_breaks_a_running_service() =>
        ContractChanges.Between(Snapshot, Current).Breaking.ShouldBeEmpty(
            "Services of the version before still send and expect these. Add a new member or a new message beside the old one.");

    [Fact]
    public void Additions_to_the_contracts_are_in_the_snapshot() =>
        ContractChanges.Between(Snapshot, Current).Additive.ShouldBeEmpty(
            $"These are harmless; add the lines to {SnapshotPath}, in order, so that they are protected from now on.");

    [Theory]
    [InlineData(" member OrderId Guid required")]
    [InlineData(" urn ")]
    [InlineData(" exchange ")]
    [InlineData("PaymentOperation value Capture")]
    public void A_removed_or_renamed_line_is_breaking(string line) =>
        Changes(without: Current.First(candidate => candidate.Contains(line, StringComparison.Ordinal))).Breaking.ShouldHaveSingleItem();

    [Fact]
    public void A_retyped_member_is_breaking() =>
        Changes(
            without: "Contracts.Payments.AuthorizePayment member Attempt Int32 required",
            with: "Contracts.Payments.AuthorizePayment member Attempt Int64 required")
            .Breaking.Count.ShouldBe(2);

    [Fact]
    public void A_new_optional_member_is_additive()
    {
        var changes = Changes(with: "Contracts.Payments.AuthorizePayment member Note String?");
        changes.Breaking.ShouldBeEmpty();
        changes.Additive.ShouldHaveSingleItem();
    }

    [Fact]
    public void A_new_required_member_of_an_old_message_is_breaking() =>
        Changes(with: "Contracts.Payments.AuthorizePayment member Note String required").Breaking.ShouldHaveSingleItem();

    private static ContractChanges Changes(string? without = null, string? with = null) =>
        ContractChanges.Between(Current.ToList(), [.. Current.Where(line => line != without), .. with is null ? [] : new[] { with }]);
}
