package render

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The parts of a Word document that never change. The fifth, word/document.xml,
// holds the text.
const (
	xmlHead      = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	contentTypes = xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>` +
		`</Types>`
	packageLinks = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>` +
		`</Relationships>`
	documentLinks = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>` +
		`</Relationships>`
	styles = xmlHead + `<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">` +
		`<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/><w:sz w:val="22"/></w:rPr></w:rPrDefault>` +
		`<w:pPrDefault><w:pPr><w:spacing w:after="160" w:line="276" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>` +
		`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:rPr><w:b/><w:sz w:val="36"/></w:rPr></w:style>` +
		`<w:style w:type="character" w:styleId="Time"><w:name w:val="Time"/><w:rPr><w:color w:val="808080"/><w:sz w:val="18"/></w:rPr></w:style>` +
		`</w:styles>`
	documentHead = xmlHead + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`
	documentTail = `<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>` +
		`<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" w:header="709" w:footer="709" w:gutter="0"/>` +
		`</w:sectPr></w:body></w:document>`
)

// writeDOCX writes an Office Open XML document: the file name as its title, then
// the paragraphs, each after the time it begins. The bytes depend on nothing but
// the document.
func writeDOCX(w io.Writer, doc Document) error {
	parts := []struct{ name, content string }{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", packageLinks},
		{"word/document.xml", documentHead + bodyOf(doc) + documentTail},
		{"word/_rels/document.xml.rels", documentLinks},
		{"word/styles.xml", styles},
	}
	out := zip.NewWriter(w)
	for _, part := range parts {
		header := &zip.FileHeader{
			Name: part.name, Method: zip.Deflate,
			Modified: time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC), // what zip calls no time
		}
		file, err := out.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("write docx: %w", err)
		}
		if _, err := io.WriteString(file, part.content); err != nil {
			return fmt.Errorf("write docx: %w", err)
		}
	}
	return out.Close()
}

func bodyOf(doc Document) string {
	var body strings.Builder
	body.WriteString(`<w:p><w:pPr><w:pStyle w:val="Title"/></w:pPr>` + runOf("", singleLine(doc.FileName)) + `</w:p>`)
	for _, p := range paragraphsOf(doc.Transcript.GetSegments()) {
		text := p.text()
		if p.speaker != "" {
			text = p.speaker + ": " + text
		}
		stamp, _, _ := strings.Cut(clockTime(p.startMS, '.'), ".") // whole seconds
		body.WriteString(`<w:p>` + runOf("Time", "["+stamp+"] ") + runOf("", text) + `</w:p>`)
	}
	return body.String()
}

// runOf is a piece of text in a character style.
func runOf(style, text string) string {
	var run strings.Builder
	run.WriteString(`<w:r>`)
	if style != "" {
		run.WriteString(`<w:rPr><w:rStyle w:val="` + style + `"/></w:rPr>`)
	}
	run.WriteString(`<w:t xml:space="preserve">`)
	_ = xml.EscapeText(&run, []byte(text)) // a Builder never fails
	run.WriteString(`</w:t></w:r>`)
	return run.String()
}
