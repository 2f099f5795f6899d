#!/bin/sh
# `reprise`: the workstation in a terminal, by the Node that is installed beside it.
program=$(dirname -- "$(readlink -f -- "$0")")/resources/program
exec "$program/node_modules/node/bin/node" "$program/out/node/headless.js" "$@"
