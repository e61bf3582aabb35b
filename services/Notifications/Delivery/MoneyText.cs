using System.Globalization;
using Contracts;

namespace Notifications.Delivery;

/// <summary>Amounts as people read them.</summary>
internal static class MoneyText
{
    private const int UsualDecimals = 2;

    // ISO 4217: the currencies whose minor unit is not a hundredth.
    private static readonly Dictionary<string, int> Decimals = new()
    {
        ["BIF"] = 0,
        ["CLP"] = 0,
        ["DJF"] = 0,
        ["GNF"] = 0,
        ["ISK"] = 0,
        ["JPY"] = 0,
        ["KMF"] = 0,
        ["KRW"] = 0,
        ["PYG"] = 0,
        ["RWF"] = 0,
        ["UGX"] = 0,
        ["VND"] = 0,
        ["VUV"] = 0,
        ["XAF"] = 0,
        ["XOF"] = 0,
        ["XPF"] = 0,
        ["BHD"] = 3,
        ["IQD"] = 3,
        ["JOD"] = 3,
        ["KWD"] = 3,
        ["LYD"] = 3,
        ["OMR"] = 3,
        ["TND"] = 3,
    };

    public static string ToText(this Money money)
    {
        var decimals = Decimals.GetValueOrDefault(money.Currency, UsualDecimals);
        var amount = new decimal(money.Amount) / (decimal)Math.Pow(10, decimals);
        return $"{amount.ToString($"F{decimals}", CultureInfo.InvariantCulture)} {money.Currency}";
    }
}
