//go:build whisper && !linux

package main

// dieWithParent has no counterpart here; the pipe has to do.
func dieWithParent() {}
