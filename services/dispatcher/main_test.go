package dispatcher_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the tests if anything still runs when they are over.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
