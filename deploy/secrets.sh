#!/bin/sh
# Makes the files of variables that hold secrets, in FOLDER and for its owner alone:
# server.env, metrics.env, and postgres.env unless the database's address is given.
# sh deploy/secrets.sh FOLDER [DATABASE_URL]
set -eu
umask 077
mkdir -p "$1"
cd "$1"
if [ -e server.env ]; then
    echo "$1/server.env is there already: another master key could not open what this one sealed" >&2
    exit 1
fi

random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

url=${2:-}
if [ -z "$url" ]; then
    password=$(random)
    echo "POSTGRES_PASSWORD=$password" > postgres.env
    url=postgres://rollway:$password@postgres/rollway
fi
printf 'ROLLWAY_METRICS_TOKEN=%s\n' "$(random)" > metrics.env
printf 'ROLLWAY_DATABASE_URL=%s\nROLLWAY_MASTER_KEY=%s\n' "$url" "$(head -c 32 /dev/urandom | base64)" \
    > server.env.new
mv server.env.new server.env
