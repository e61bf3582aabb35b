using Services.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Services.Tests.Payments;

public sealed class PaymentsSettingsTests
{
    private static readonly Dictionary<string, string?> Good = new()
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Production",
        ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
        ["ConnectionStrings__Database"] = "Host=127.0.0.1;Port=1;Database=payments;Username=payments;Password=secret",
        ["ConnectionStrings__Broker"] = "amqp://payments:secret@127.0.0.1:1/payments",
        ["ApiKeys__0__Sha256"] = new string('0', 64),
        ["ApiKeys__0__Role"] = "operator",
        ["Provider__BaseAddress"] = "http://127.0.0.1:1",
        ["Provider__ApiKey"] = "secret",
    };

    [Theory]
    [InlineData("Provider__BaseAddress", null, "Provider:BaseAddress is missing")]
    [InlineData("Provider__BaseAddress", "provider/", "Provider:BaseAddress must be an absolute http or https address")]
    [InlineData("Provider__ApiKey", null, "Provider:ApiKey is missing")]
    [InlineData("Provider__ApiKey", "dev-provider", "Provider:ApiKey holds a development password")]
    [InlineData("Provider__AttemptTimeout", "00:00:00", "Provider:AttemptTimeout must lie between")]
    [InlineData("Provider__TotalTimeout", "00:00:01", "Provider:TotalTimeout must not be shorter than Provider:AttemptTimeout")]
    [InlineData("Provider__BreakerFailureRatio", "2", "Provider:BreakerFailureRatio must lie between")]
    public async Task A_wrong_setting_stops_the_service_with_a_sentence(string variable, string? value, string sentence)
    {
        var (exitCode, _, error) = await ServiceProcess.RunAsync(
            PaymentsSystem.Project, [], new Dictionary<string, string?>(Good) { [variable] = value });

        exitCode.ShouldNotBe(0);
        error.Trim().Split('\n').ShouldHaveSingleItem().ShouldContain(sentence);
    }
}
