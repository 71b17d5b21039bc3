package contract

import (
	"encoding/json"
	"strings"
	"testing"
)

const small = `
openapi: 3.1.0
info: {title: Small, description: "First <b>.\n\nSecond **bold** and ` + "`code <x>`" + `."}
tags: [{name: Things}]
paths:
  /things/{id}:
    get:
      operationId: getThing
      tags: [Things]
      parameters: [{$ref: '#/components/parameters/~1ID'}]
      responses:
        '200': {description: One., content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
        '404': {$ref: '#/components/responses/Missing'}
components:
  parameters: {/ID: {name: id, in: path, required: true, schema: {type: string, maxLength: 9}, example: a1}}
  responses: {Missing: {description: None.}}
  schemas:
    Thing:
      type: object
      required: [name]
      properties:
        parts: {type: array, items: {type: object, properties: {size: {type: [integer, 'null']}}}}
        name: {type: string}
      examples: [{parts: [{size: 1}, {size: null}], name: "<1>", none: {}, no: "no"}]
`

func TestPage_showsWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	view, err := read([]byte(small))
	if err != nil || len(view.Groups) != 1 || len(view.Groups[0].Operations) != 1 || len(view.Intro) != 2 {
		t.Fatalf("%+v, %v", view, err)
	}
	if got := view.Intro[0] + view.Intro[1]; got != "First &lt;b&gt;.Second <b>bold</b> and <code>code &lt;x&gt;</code>." {
		t.Errorf("intro %s", got)
	}
	thing := view.Groups[0].Operations[0]
	if p := thing.Parameters[0]; p.Name != "id" || p.Place != "path" || !p.Required ||
		p.About != "Characters at most <code>9</code>. Example: <code>a1</code>" {
		t.Errorf("parameter %+v", p)
	}
	good, missing := thing.Answers[0], thing.Answers[1]
	if good.Contents[0].Link != "Thing" || missing.Shared != "Missing" || missing.About != "None." || view.Answers[0].Status != "Missing" {
		t.Errorf("answers %+v", thing.Answers)
	}
	fields := view.Schemas[0].Fields
	if len(fields) != 3 || fields[0].Type != "array of object" || fields[1].Name != "parts[].size" || fields[1].Type != "integer or null" ||
		fields[1].Required || !fields[2].Required {
		t.Errorf("members %+v", fields)
	}
}

func TestPage_examplesAreJSONInTheOrderOfTheDocument(t *testing.T) {
	t.Parallel()
	view, err := read([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	var compact strings.Builder
	for line := range strings.Lines(view.Schemas[0].Example) {
		compact.WriteString(strings.TrimSpace(line))
	}
	const want = `{"parts": [{"size": 1},{"size": null}],"name": "<1>","none": {},"no": "no"}`
	if got := compact.String(); got != want || !json.Valid([]byte(got)) {
		t.Errorf("got %s", got)
	}
}

func TestRender_refusesWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	if page, err := render([]byte("a: [")); err == nil {
		t.Errorf("made %s", page)
	}
}
