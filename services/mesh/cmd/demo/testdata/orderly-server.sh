#!/bin/sh
# A server that ends with exit code 0 when it is asked to.
trap 'echo stopping; exit 0' TERM
echo started
while :; do sleep 0.02; done
