#!/bin/sh
# A server that ends before it is ready. $9 is the value of -model-fallback.
echo "no model for $9" >&2
exit 3
