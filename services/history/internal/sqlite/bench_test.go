package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/services/history/storetest"
)

func BenchmarkPage(b *testing.B) {
	storetest.BenchmarkPage(b, open(b, filepath.Join(b.TempDir(), "history.db")), func() {})
}

// Each batch is on disk when it returns.
func BenchmarkRecord(b *testing.B) {
	storetest.BenchmarkRecord(b, open(b, filepath.Join(b.TempDir(), "history.db")))
}
