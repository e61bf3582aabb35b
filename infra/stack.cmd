@rem The local stack: infra\stack help
@echo off
where dotnet >nul 2>nul || (echo The .NET SDK 10 is not installed: https://dotnet.microsoft.com/download & exit /b 1)
echo Building the launcher.
dotnet build "%~dp0LocalStack" --configuration Debug --verbosity quiet --nologo || exit /b 1
dotnet "%~dp0LocalStack\bin\Debug\net10.0\LocalStack.dll" %*
