using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Services.Tests.Orders;

namespace Services.Tests.Hosting;

public sealed class TelemetryTests(OrdersSystem orders) : IClassFixture<OrdersSystem>
{
    [Fact]
    public async Task Traces_and_metrics_go_to_the_OTLP_endpoint()
    {
        var received = new ConcurrentDictionary<string, StringBuilder>();
        await using var collector = WebApplication.CreateSlimBuilder().Build();
        collector.Urls.Add("http://127.0.0.1:0");
        collector.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body, Encoding.Latin1);
            var text = await reader.ReadToEndAsync();
            lock (received)
                received.GetOrAdd(signal, _ => new StringBuilder()).Append(text);
        });
        await collector.StartAsync();
        var address = collector.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        var settings = new Dictionary<string, string?>(orders.Settings)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "500",
        };
        await using var traced = await ServiceProcess.StartAsync(OrdersSystem.Project, settings);
        await traced.ReadyAsync();
        using var ada = traced.Client("dev-ada");
        using var response = await OrdersSystem.PostAsync(ada, OrdersSystem.Body(), "traced");

        foreach (var (signal, name) in new[]
        {
            ("traces", "Microsoft.AspNetCore"), ("traces", "MassTransit"), ("traces", "Npgsql"), ("traces", "POST /orders"),
            ("metrics", "http.server.request.duration"), ("metrics", "db.client"), ("metrics", "messaging.masstransit"),
        })
        {
            await Eventually.TrueAsync(() =>
            {
                lock (received)
                    return received.TryGetValue(signal, out var text) && text.ToString().Contains(name);
            }, $"{signal} with {name}");
        }
    }
}
