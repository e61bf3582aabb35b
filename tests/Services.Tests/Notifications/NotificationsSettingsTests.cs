using Services.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Services.Tests.Notifications;

public sealed class NotificationsSettingsTests
{
    private static readonly Dictionary<string, string?> Good = new()
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Production",
        ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
        ["ConnectionStrings__Database"] = "Host=127.0.0.1;Port=1;Database=notifications;Username=notifications;Password=secret",
        ["ConnectionStrings__Broker"] = "amqp://notifications:secret@127.0.0.1:1/notifications",
        ["ApiKeys__0__Sha256"] = new string('0', 64),
        ["ApiKeys__0__Role"] = "operator",
        ["Smtp__Host"] = "127.0.0.1",
        ["Smtp__From"] = "shop@shop.example",
        ["Smtp__Recipient"] = "{customerId}@customers.example",
    };

    [Theory]
    [InlineData("Smtp__Host", null, "Smtp:Host is missing")]
    [InlineData("Smtp__Port", "0", "Smtp:Port must lie between")]
    [InlineData("Smtp__From", "shop", "Smtp:From must be a mail address")]
    [InlineData("Smtp__Recipient", "everybody@customers.example", "Smtp:Recipient must be a mail address with {customerId} in it")]
    [InlineData("Smtp__Password", "dev-mail", "Smtp:Password holds a development password")]
    public async Task A_wrong_setting_stops_the_service_with_a_sentence(string variable, string? value, string sentence)
    {
        var (exitCode, _, error) = await ServiceProcess.RunAsync(
            NotificationsSystem.Project, [], new Dictionary<string, string?>(Good) { [variable] = value });

        exitCode.ShouldNotBe(0);
        error.Trim().Split('\n').ShouldHaveSingleItem().ShouldContain(sentence);
    }
}
