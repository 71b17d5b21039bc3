package remains

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Files reads every file below a folder, and every folder, as far as its name goes.
func Files(t testing.TB, folder string) (items []Item) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // it went while we looked
			return nil
		}
		if err != nil {
			return err
		}
		item := Item{Place: "file " + path}
		if !entry.IsDir() {
			content, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			item.Text = string(content)
		}
		items = append(items, item)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return items
}
