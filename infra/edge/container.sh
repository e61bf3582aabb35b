#!/bin/sh
# Starts nginx in its container with the configuration that the native stack uses too. Only /tmp is written to.
set -eu
export EDGE_DIRECTORY=/tmp/edge EDGE_LISTEN=8080
mkdir -p "$EDGE_DIRECTORY/temp"
for file in edge.conf.template nginx.conf; do
  envsubst '${EDGE_DIRECTORY} ${EDGE_LISTEN} ${EDGE_RATE} ${EDGE_BURST} ${EDGE_ADDRESS_RATE} ${EDGE_ADDRESS_BURST} ${ORDERS_SERVERS} ${PAYMENTS_SERVERS} ${NOTIFICATIONS_SERVERS}' \
    <"/etc/edge/$file" >"$EDGE_DIRECTORY/${file%.template}"
done
exec nginx -p "$EDGE_DIRECTORY" -c "$EDGE_DIRECTORY/nginx.conf" -e stderr -g 'daemon off;'
