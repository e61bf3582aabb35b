namespace Contracts;

/// <summary>An amount of money, exact: never a floating-point number and never without its currency.</summary>
/// <param name="Amount">Integer count of the currency's minor unit (2500 is 25.00 in EUR, 2500 in JPY).</param>
/// <param name="Currency">ISO 4217 alphabetic code, upper case.</param>
public sealed record Money(long Amount, string Currency)
{
    /// <inheritdoc />
    public override string ToString() => $"{Amount} {Currency}";
}
