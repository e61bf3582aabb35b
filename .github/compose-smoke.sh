#!/usr/bin/env bash
# With `docker compose up` running: places an order and follows it until it is paid, confirmed and mailed.
# Then the broker must still be what the routing table says.
set -euo pipefail
cd "$(dirname "$0")/.."

edge=${EDGE:-http://localhost:8080}
compose=${COMPOSE:-docker compose}
key='Authorization: Bearer dev-ada'

within() { # SECONDS WHAT COMMAND...: runs it every second until it succeeds
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      echo "Not in time: $what" >&2
      exit 1
    fi
    sleep 1
  done
  echo "$what"
}
get() { curl -fsS --max-time 30 -H "$key" "$edge$1"; }
shows() { get "$1" | grep -q "$2"; }

within 300 "the system answers" get /products
order=$(curl -fsS --max-time 60 -H "$key" -H 'Idempotency-Key: "compose-smoke"' -H 'Content-Type: application/json' "$edge/orders" \
  --data '{"customerId":"ada","currency":"EUR","paymentMethod":"tok_approve","lines":[{"sku":"coffee-1kg","quantity":2}]}')
id=$(grep -o '"id":"[^"]*"' <<<"$order" | cut -d'"' -f4)
echo "order $id is accepted"
within 120 "order $id is Completed" shows "/orders/$id" '"status":"Completed"'
within 120 "its mail is sent" shows "/notifications?orderId=$id" '"state":"Sent"'
get "/orders/$id/timeline"
echo
# shellcheck disable=SC2086
$compose run --rm topology diff
