using System.Security.Claims;
using Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Orders.Database;

namespace Orders.Submission;

/// <summary>
/// The transaction in which one order is placed under one idempotency key. An advisory lock tells a request whose twin is
/// in flight at once, instead of making it wait; the primary key of the receipts is what guarantees that there is only one order.
/// </summary>
internal sealed class Submission : IAsyncDisposable
{
    private readonly OrdersDbContext _database;
    private readonly IDbContextTransaction _transaction;
    private readonly string _caller;
    private readonly string _key;

    private Submission(OrdersDbContext database, IDbContextTransaction transaction, string caller, string key)
    {
        _database = database;
        _transaction = transaction;
        _caller = caller;
        _key = key;
    }

    /// <summary>Whether no other request holds the key. Lasts until the transaction ends, a crash included.</summary>
    public bool IsMine { get; private init; }

    public static async Task<Submission> BeginAsync(OrdersDbContext database, ClaimsPrincipal caller, string key, CancellationToken cancellationToken)
    {
        var scope = caller.CustomerId() is { } customer ? $"{ApiRoles.Customer}:{customer}" : $"{ApiRoles.Operator}:{caller.CallerName()}";

        // One SaveChanges and no retry inside the transaction: a savepoint would only cost two round trips.
        database.Database.AutoSavepointsEnabled = false;
        var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        try
        {
            var name = $"{scope}\n{key}";
            var isMine = await database.Database
                .SqlQuery<bool>($"SELECT pg_try_advisory_xact_lock(hashtextextended({name}, 0)) AS \"Value\"")
                .SingleAsync(cancellationToken);
            return new Submission(database, transaction, scope, key) { IsMine = isMine };
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    // A statement of its own, after the lock: it sees what the holder before has committed.
    public Task<SubmissionReceipt?> FindReceiptAsync(CancellationToken cancellationToken) =>
        _database.SubmissionReceipts.AsNoTracking().SingleOrDefaultAsync(
            receipt => receipt.Caller == _caller && receipt.Key == _key,
            cancellationToken);

    public void AddReceipt(byte[] fingerprint, Guid orderId, string response, DateTimeOffset now) =>
        _database.SubmissionReceipts.Add(new SubmissionReceipt
        {
            Caller = _caller,
            Key = _key,
            Fingerprint = fingerprint,
            OrderId = orderId,
            Response = response,
            CreatedAt = now,
        });

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await _database.SaveChangesAsync(cancellationToken);
        await _transaction.CommitAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => _transaction.DisposeAsync();
}
