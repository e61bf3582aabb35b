using System.Security.Cryptography;

namespace LocalStack;

/// <summary>Passwords of servers that live for one run.</summary>
internal static class Secrets
{
    public static string Random() => RandomNumberGenerator.GetHexString(24, lowercase: true);
}
