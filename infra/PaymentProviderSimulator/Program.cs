using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using PaymentProviderSimulator;
using PaymentProviderSimulator.Api;
using PaymentProviderSimulator.Log;
using PaymentProviderSimulator.Operations;

if (args is ["--health"])
    return await HealthProbe.RunAsync();

var builder = WebApplication.CreateBuilder(args);

builder.Services.AddOptions<SimulatorOptions>().BindConfiguration(SimulatorOptions.Section).ValidateDataAnnotations();
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(services => OperationLog.Open(services.GetRequiredService<IOptions<SimulatorOptions>>().Value.Log));
builder.Services.AddSingleton<CardProvider>();
builder.Services.AddHostedService<LogWatch>();
builder.Services.AddValidation();
builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = problem =>
    problem.ProblemDetails.Detail ??= (problem.Exception as BadHttpRequestException)?.Message);
builder.Services.ConfigureHttpJsonOptions(json =>
    json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase)));

var app = builder.Build();
app.UseExceptionHandler(new ExceptionHandlerOptions
{
    StatusCodeSelector = exception => (exception as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status500InternalServerError,
    SuppressDiagnosticsCallback = failed => failed.Exception is BadHttpRequestException,
});
app.UseStatusCodePages();
app.MapOperations();
app.MapGet("/health/live", () => TypedResults.Ok());
app.MapGet("/health/ready", () => TypedResults.Ok());

try
{
    // The log is replayed before the first caller is let in.
    _ = app.Services.GetRequiredService<CardProvider>();
}
catch (Exception wrong) when (wrong is OptionsValidationException or InvalidDataException or IOException)
{
    Console.Error.WriteLine(wrong.Message);
    return 1;
}

await app.RunAsync();
return 0;
