package contract

import "strings"

func operationOf(m member, path string) operation {
	n := m.node
	view := operation{
		ID: n.get("operationId").text(), Method: strings.ToUpper(m.name), Path: path, Summary: inline(n.get("summary").text()),
		About: paragraphs(n.get("description").text()), Access: accessOf(n), Body: inline(n.get("requestBody", "description").text()),
		Contents: contentsOf(n.get("requestBody", "content")),
	}
	for _, p := range n.get("parameters").items() {
		view.Parameters = append(view.Parameters, parameterOf(p.target()))
	}
	for _, status := range n.get("responses").members() {
		if shared := status.node.refName(); shared != "" {
			about := inline(status.node.get("description").text())
			view.Answers = append(view.Answers, answer{Status: status.name, Shared: shared, About: about})
			continue
		}
		view.Answers = append(view.Answers, answerOf(status))
	}
	return view
}

// accessOf says who may ask.
func accessOf(n node) string {
	switch {
	case n.get("security").there():
		return "no login"
	case n.get("responses", "403").there():
		return "administrators"
	default:
		return ""
	}
}

// parameterOf describes a parameter, or a header of an answer.
func parameterOf(n node) field {
	shape := n.member("schema")
	view := fieldOf(member{n.get("name").text(), shape})
	view.Place, view.Required = n.get("in").text(), n.get("required").text() == "true"
	view.About = inline(n.get("description").text() + boundsOf(shape) + boundsOf(shape.member("items")) + exampleOf(n))
	return view
}

func exampleOf(n node) string {
	if example := n.get("example").text(); example != "" {
		return " Example: `" + example + "`"
	}
	return ""
}

func answerOf(m member) answer {
	n := m.node
	view := answer{Status: m.name, About: inline(n.get("description").text()), Contents: contentsOf(n.get("content"))}
	for _, h := range n.get("headers").members() {
		header := parameterOf(h.node.target())
		header.Name = h.name
		view.Headers = append(view.Headers, header)
	}
	for _, media := range n.get("content").members() {
		for _, example := range media.node.get("examples").members() {
			value := example.node.get("value")
			detail := value.get("detail").text() + value.get("error", "message").text() // it has one of them
			view.Codes = append(view.Codes, code{example.name, detail})
		}
	}
	return view
}

func contentsOf(n node) []content {
	var all []content
	for _, m := range n.members() {
		view := content{Media: m.name}
		shape := fieldOf(member{"", m.node.member("schema")})
		view.Type, view.Link = shape.Type, shape.Link
		if shape.Link == "" {
			view.Fields = fieldsOf(m.node.get("schema"))
		}
		example := m.node.get("example")
		if !example.there() {
			example = first(m.node.get("schema", "examples"))
		}
		view.Example = exampleText(example)
		all = append(all, view)
	}
	return all
}

func first(n node) node {
	if items := n.items(); len(items) > 0 {
		return items[0]
	}
	return node{}
}

// exampleText is JSON, or a text as it is.
func exampleText(n node) string {
	switch {
	case !n.there():
		return ""
	case n.text() != "":
		return n.text()
	default:
		return n.json("")
	}
}
