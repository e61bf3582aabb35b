#!/bin/sh
# Runs once, when the container's data directory is created: a database and two roles for each service,
# by the same scripts as everywhere else.
set -eu

create() { # NAME OWNER_PASSWORD RUNTIME_PASSWORD
  psql -v ON_ERROR_STOP=1 -q -U "$POSTGRES_USER" -d postgres -f /scripts/database.sql \
    -v database="$1" -v owner="$1_owner" -v owner_password="$2" -v runtime="$1" -v runtime_password="$3"
  psql -v ON_ERROR_STOP=1 -q -U "$POSTGRES_USER" -d "$1" -f /scripts/grants.sql -v owner="$1_owner" -v runtime="$1"
}

create orders "$ORDERS_DATABASE_OWNER_PASSWORD" "$ORDERS_DATABASE_PASSWORD"
create payments "$PAYMENTS_DATABASE_OWNER_PASSWORD" "$PAYMENTS_DATABASE_PASSWORD"
create notifications "$NOTIFICATIONS_DATABASE_OWNER_PASSWORD" "$NOTIFICATIONS_DATABASE_PASSWORD"
