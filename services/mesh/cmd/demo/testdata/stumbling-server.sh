#!/bin/sh
# A server that ends with exit code 7 when it is asked to.
trap 'echo stopping; exit 7' TERM
echo started
while :; do sleep 0.02; done
