using System.Security.Cryptography;
using System.Text;

namespace Topology;

/// <summary>RabbitMQ's password hashes: base64 of four bytes of salt and SHA-256 of salt and password.</summary>
internal static class SaltedPassword
{
    public const string Algorithm = "rabbit_password_hashing_sha256";

    private const int SaltLength = 4;

    public static string Hash(string password) => Hash(password, RandomNumberGenerator.GetBytes(SaltLength));

    public static bool Matches(string password, string hash)
    {
        var bytes = Convert.FromBase64String(hash);
        return bytes.Length > SaltLength && Hash(password, bytes[..SaltLength]) == hash;
    }

    private static string Hash(string password, byte[] salt) =>
        Convert.ToBase64String([.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)])]);
}
