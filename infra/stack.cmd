@rem The local stack: infra\stack help
@dotnet run --project "%~dp0LocalStack" -- %*
