#!/bin/bash
# Starts Keycloak with the secrets of the files, which it takes by the environment alone; with the
# argument `ready`, says whether it is ready. Its image has no other program than bash for that.
set -eu
if [ "${1:-start}" = ready ]; then
  exec 3<>/dev/tcp/127.0.0.1/9000
  printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3
  read -r _ code _ <&3
  [ "$code" = 200 ]
  exit
fi
KC_BOOTSTRAP_ADMIN_USERNAME=admin
KC_BOOTSTRAP_ADMIN_PASSWORD=$(</run/secrets/keycloak_admin_password)
KC_BOOTSTRAP_ADMIN_CLIENT_ID=stepwell-operator
KC_BOOTSTRAP_ADMIN_CLIENT_SECRET=$(</run/secrets/keycloak_operator)
export KC_BOOTSTRAP_ADMIN_USERNAME KC_BOOTSTRAP_ADMIN_PASSWORD
export KC_BOOTSTRAP_ADMIN_CLIENT_ID KC_BOOTSTRAP_ADMIN_CLIENT_SECRET
exec /opt/keycloak/bin/kc.sh start
