#!/bin/sh
# Starts the service and lets schemathesis (a Python program, put into node_modules/.conformance/) hold it to its OpenAPI document.
set -eu
cd "$(dirname "$0")"
port=${PORT:-8099}
if ! [ -x node_modules/.conformance/bin/schemathesis ]; then
  python3 -m venv node_modules/.conformance
  node_modules/.conformance/bin/pip install --quiet --disable-pip-version-check schemathesis==4.32.5
fi
HOST=127.0.0.1 PORT=$port MAX_BYTES=1000000 LOG_LEVEL=error node server.mjs &
service=$!
trap 'kill $service; wait $service' EXIT
tries=0
until node -e "fetch('http://127.0.0.1:$port/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"; do
  tries=$((tries + 1))
  if [ $tries -gt 60 ]; then echo 'the service does not get ready' >&2; exit 1; fi
  sleep 1
done
node_modules/.conformance/bin/schemathesis --config-file schemathesis.toml run "http://127.0.0.1:$port/openapi.json" --checks all --seed 1 --max-examples "${EXAMPLES:-100}" \
  --report-dir node_modules/.conformance/report "$@"
