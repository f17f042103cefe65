#!/usr/bin/env bash
# The sample database loads, is the same each time, and holds what the quickstart looks for.
set -euo pipefail
sample=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../scripts/sample" && pwd)
load() { # in a transaction of its own schema, so that nothing stays
  { echo "BEGIN; CREATE SCHEMA pgsluice_sample_test; SET LOCAL search_path = pgsluice_sample_test;"
    cat "$sample/schema.sql" "$sample/data.sql"
    echo "SELECT count(*), md5(string_agg(p::text, ',' ORDER BY id)) FROM projects p;"
    echo "SELECT count(*), md5(string_agg(l::text, ',' ORDER BY l)) FROM project_hashtags l;"
    echo "SELECT count(*), count(DISTINCT name) > 300 FROM users;"
    echo "SELECT count(*) >= 7000 FROM user_projects;"
    echo "SELECT description FROM projects WHERE name = 'Devfolio';"
    echo "ROLLBACK;"
  } | psql -X -q -At -v ON_ERROR_STOP=1 "$PGSLUICE_DATABASE_URL"
}
first=$(load)
second=$(load)
[ "$first" = "$second" ] || { echo "two loads differ" && exit 1; }
[ "${first:0:5}" = "3000|" ] || { echo "unexpected rows: $first" && exit 1; }
[ "${first##*$'\n'}" = "Your one application to the best hackathons" ] || { echo "no Devfolio: $first" && exit 1; }
