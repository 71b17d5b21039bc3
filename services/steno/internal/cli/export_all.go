package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// exportPage is how many jobs are asked for at a time.
const exportPage = 200

// all exports the transcripts of all completed jobs. The oldest come first, so that
// jobs which end meanwhile move no page.
func (e *exporter) all(ctx context.Context) error {
	var tasks []string
	names := map[string]client.Status{}
	query := client.Query{Limit: exportPage, Statuses: []string{"completed"}, Oldest: true}
	for {
		found, err := e.client.Find(ctx, query)
		if err != nil {
			return err
		}
		for _, job := range found.Items {
			tasks = append(tasks, job.TaskID)
			names[job.TaskID] = job.Status
		}
		if query.Cursor = found.NextCursor; query.Cursor == "" {
			break
		}
	}
	if len(tasks) == 0 {
		e.session.note("no job is completed yet")
		return nil
	}
	return e.each(ctx, tasks, func(task string) (string, error) { return e.target(names[task]), nil })
}

// target is the file in the folder that a transcript goes to, by the name of its
// recording; with the id of the task where another has that name.
func (e *exporter) target(job client.Status) string {
	name := fileStem(job.FileName)
	if name == "" || e.taken[name] {
		name = strings.TrimPrefix(name+"-"+fileStem(job.TaskID), "-")
	}
	if e.taken == nil {
		e.taken = map[string]bool{}
	}
	e.taken[name] = true
	return filepath.Join(e.wish.output, name+extensions[e.wish.Format])
}

// fileStem is a foreign name without folders, extension and what no file should have in
// its name.
func fileStem(name string) string {
	name = filepath.Base(strings.ReplaceAll(printable(name), `\`, "/"))
	name = strings.TrimSuffix(name, filepath.Ext(name))
	return strings.Trim(name, "./ ")
}

// isFolder reports whether an output is a folder, or looks like one.
func isFolder(output string) bool {
	info, err := os.Stat(output)
	return err == nil && info.IsDir() || strings.HasSuffix(output, "/") || strings.HasSuffix(output, string(filepath.Separator))
}
