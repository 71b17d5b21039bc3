// Package render writes a transcript in the formats that users download. It is
// pure: the same document always gives the same bytes. Subtitles are made from the
// stored words by package cue.
package render

import (
	"io"
	"slices"
	"strings"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Document is a transcript and what a reader wants to know around it.
type Document struct {
	Transcript *jobv1.Transcript
	TaskID     string
	FileName   string // as uploaded; the title of a text document
	// Translated is true when the words are a translation into English.
	Translated bool
	// WordTimes is true when the JSON result shows each word with its times.
	WordTimes bool
	// Version of the transcript, from 1; each edit adds one.
	Version uint32
	// Warnings are sentences about what was less than perfect.
	Warnings []string
	// Subtitles is how SRT, WebVTT and LRC are laid out.
	Subtitles Subtitles
}

// Format is one way to write a document.
type Format struct {
	Name        string // as in ?format=
	Extension   string // of a file, without the dot
	ContentType string
	write       func(io.Writer, Document) error
}

var formats = []Format{
	{"text", "txt", "text/plain; charset=utf-8", writeText},
	{"srt", "srt", "application/x-subrip; charset=utf-8", writeSRT},
	{"vtt", "vtt", "text/vtt; charset=utf-8", writeVTT},
	{"tsv", "tsv", "text/tab-separated-values; charset=utf-8", writeTSV},
	{"csv", "csv", "text/csv; charset=utf-8; header=present", writeCSV},
	{"lrc", "lrc", "text/plain; charset=utf-8", writeLRC},
	{"json", "json", "application/json", writeJSON},
	{"docx", "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", writeDOCX},
}

// Lookup returns the format with this name, and false for any other name.
func Lookup(name string) (Format, bool) {
	i := slices.IndexFunc(formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return formats[i], true
}

// Names lists the formats for messages, for example "text, srt".
func Names() string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// Write writes the document. The error is w's.
func (f Format) Write(w io.Writer, doc Document) error { return f.write(w, doc) }
