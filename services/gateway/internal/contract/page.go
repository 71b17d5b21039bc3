package contract

import (
	"html/template"
	"slices"
)

// page is what the frame shows.
type page struct {
	Title   string
	Style   template.CSS
	Intro   []template.HTML
	Groups  []group
	Answers []answer // that operations share
	Schemas []schema
}

// group is the operations of one tag.
type group struct {
	Name, Anchor string
	About        template.HTML
	Operations   []operation
}

type operation struct {
	ID, Method, Path string
	Summary          template.HTML
	About            []template.HTML
	Access           string
	Parameters       []field
	Body             template.HTML // about it
	Contents         []content
	Answers          []answer
}

// field is a parameter, a header, or a member of an object.
type field struct {
	Name, Place, Type string
	Link              string // anchor of the schema
	Required          bool
	About             template.HTML
}

// content is a body of one media type.
type content struct {
	Media, Type, Link string
	Fields            []field
	Example           string
}

// answer is one of an operation, or one that several share, whose name is its status.
type answer struct {
	Status   string
	Shared   string // name of the shared answer that it is; without contents then
	About    template.HTML
	Headers  []field
	Contents []content
	Codes    []code
}

// code is one that a problem may have, and what it says then.
type code struct{ Code, Detail string }

type schema struct {
	Name    string
	About   template.HTML
	Fields  []field
	Example string
}

var methods = []string{"get", "head", "post", "put", "patch", "delete", "options"}

// read makes the page of a document.
func read(document []byte) (page, error) {
	root, err := parse(document)
	if err != nil {
		return page{}, err
	}
	view := page{Title: root.get("info", "title").text(), Intro: paragraphs(root.get("info", "description").text())}
	for _, tag := range root.get("tags").items() {
		name := tag.get("name").text()
		view.Groups = append(view.Groups, group{
			Name: name, Anchor: "tag-" + name, About: inline(tag.get("description").text()), Operations: operations(root, name),
		})
	}
	for _, m := range root.get("components", "responses").members() {
		view.Answers = append(view.Answers, answerOf(m))
	}
	for _, m := range root.get("components", "schemas").members() {
		view.Schemas = append(view.Schemas, schemaOf(m))
	}
	return view, nil
}

// operations lists those with a tag.
func operations(root node, tag string) []operation {
	var found []operation
	for _, paths := range []string{"paths", "webhooks"} {
		for _, path := range root.get(paths).members() {
			for _, m := range path.node.members() {
				if slices.Contains(methods, m.name) && slices.Contains(m.node.get("tags").texts(), tag) {
					found = append(found, operationOf(m, path.name))
				}
			}
		}
	}
	return found
}

func schemaOf(m member) schema {
	return schema{
		Name: m.name, About: inline(m.node.get("description").text()), Fields: fieldsOf(m.node), Example: exampleText(first(m.node.get("examples"))),
	}
}
