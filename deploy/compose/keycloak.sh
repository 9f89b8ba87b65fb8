#!/bin/bash
# Starts Keycloak with the secrets of the files: it takes them by the environment alone.
set -eu
export KC_BOOTSTRAP_ADMIN_USERNAME=admin
KC_BOOTSTRAP_ADMIN_PASSWORD=$(cat /run/secrets/keycloak_admin_password)
KC_BOOTSTRAP_ADMIN_CLIENT_ID=stepwell-operator
KC_BOOTSTRAP_ADMIN_CLIENT_SECRET=$(cat /run/secrets/keycloak_operator)
export KC_BOOTSTRAP_ADMIN_PASSWORD KC_BOOTSTRAP_ADMIN_CLIENT_ID KC_BOOTSTRAP_ADMIN_CLIENT_SECRET
exec /opt/keycloak/bin/kc.sh start --import-realm
