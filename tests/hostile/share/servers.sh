# For cases that meet servers: the stories' vocabulary, with a database and a topic of the case's own and the tiny
# model. A case that needs one server only gets an address where nothing listens for the other. Sourced by commands.

. "$SHARE/model.sh"
tiny_model model
case_name=$(basename "$CASE")
TW_TOPIC=hostile-${case_name//_/-} TW_DATABASE=hostile_$case_name TW_WORK=$PWD
TW_BOOTSTRAP=${TW_BOOTSTRAP:-127.0.0.1:9} TW_CONNINFO=${TW_CONNINFO:-host=127.0.0.1 port=9 user=postgres}
extra_config='model:
  path: model'
. "$TW_SERVICES/../support/story.sh"
set +e # a case ends with the status of its last command, whatever went before

fresh_database() {
    psql -Xq "$TW_CONNINFO dbname=postgres" -c "DROP DATABASE IF EXISTS $TW_DATABASE WITH (FORCE)" -c "CREATE DATABASE $TW_DATABASE" 2>/dev/null
}
migrated_database() {
    fresh_database
    given_database
    given_config
}
