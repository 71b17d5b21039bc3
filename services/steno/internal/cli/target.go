package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// extensions of the result formats.
var extensions = map[string]string{
	"text": ".txt", "srt": ".srt", "vtt": ".vtt", "tsv": ".tsv", "csv": ".csv", "lrc": ".lrc", "json": ".json", "docx": ".docx",
}

const formatNames = "text, srt, vtt, tsv, csv, lrc, json or docx"

// formatFlags say what a transcript is written as, and where to.
func formatFlags(fs *flag.FlagSet, format, output *string) {
	fs.StringVar(format, "format", "", "`one` of "+formatNames+" (default text, or what the name of --output says)")
	fs.StringVar(output, "output", "", "write to this `file`, or into this folder; else to the screen")
	fs.StringVar(output, "o", "", "short for --output `file`")
}

// chooseFormat takes the format asked for, or what the name of the output says,
// or text.
func chooseFormat(format, output string) (string, error) {
	if format == "" {
		format = "text"
		for name, extension := range extensions {
			if strings.EqualFold(filepath.Ext(output), extension) {
				format = name
			}
		}
	}
	if extensions[format] == "" {
		return "", usage("--format is %s, not %q", formatNames, format)
	}
	return format, nil
}

// chooseTargets sets where each result goes. The output is a folder when it looks
// like one, when it is one, or when there are several recordings.
func chooseTargets(recordings []recording, output, format string) error {
	if output == "" {
		return nil
	}
	info, err := os.Stat(output)
	isFolder := err == nil && info.IsDir()
	looksLikeOne := strings.HasSuffix(output, "/") || strings.HasSuffix(output, string(filepath.Separator))
	if len(recordings) == 1 && !isFolder && !looksLikeOne {
		recordings[0].target = output
		return nil
	}
	if err == nil && !isFolder {
		return usage("--output %s is a file; several results need a folder", output)
	}
	return nameTargets(recordings, output, extensions[format])
}

// nameTargets calls the result of talk.mp3 talk.srt, or talk.mp3.srt where there
// is a talk.wav too.
func nameTargets(recordings []recording, folder, extension string) error {
	stems := map[string]int{}
	for _, r := range recordings {
		stems[stem(r.name)]++
	}
	taken := map[string]string{}
	for i, r := range recordings {
		name := stem(r.name)
		if stems[name] > 1 {
			name = r.name
		}
		target := filepath.Join(folder, name+extension)
		if other, ok := taken[target]; ok {
			return usage("%s and %s would both be written to %s", other, r.path, target)
		}
		taken[target] = r.path
		recordings[i].target = target
	}
	return nil
}

func stem(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }

// writeTarget puts the content into a file, whole or not at all. What is no plain
// file, such as /dev/null, is written to and never replaced.
func writeTarget(path string, content []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, content, 0o644)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".steno-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already after the rename
	_, err = temp.Write(content)
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Chmod(temp.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
