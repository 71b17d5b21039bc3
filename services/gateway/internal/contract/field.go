package contract

import (
	"slices"
	"strings"
)

// fieldsOf lists the members of a schema, those of objects inside under longer names.
func fieldsOf(n node) []field {
	required := n.get("required").texts()
	var all []field
	for _, m := range n.get("properties").members() {
		view := fieldOf(m)
		view.Required = slices.Contains(required, m.name)
		all = append(all, view)
		all = append(all, inside(m)...)
	}
	return all
}

// inside lists the members of an object, or of the objects in an array, which has no
// name of its own.
func inside(m member) []field {
	n, prefix := m.node, m.name+"."
	if items := n.member("items"); items.there() {
		n, prefix = items, m.name+"[]."
	}
	var all []field
	for _, view := range fieldsOf(onlyInline(n)) {
		view.Name = prefix + view.Name
		all = append(all, view)
	}
	return all
}

// onlyInline is a schema unless it is a reference to one.
func onlyInline(n node) node {
	if n.refName() != "" {
		return node{}
	}
	return n
}

// fieldOf describes a member by its schema.
func fieldOf(m member) field {
	view := field{Name: m.name, Link: linkOf(m.node)}
	view.Type = typeOf(m.node)
	view.About = inline(m.node.member("description").text() + boundsOf(m.node))
	return view
}

// linkOf is the schema that another one mentions first.
func linkOf(n node) string {
	if name := n.refName(); name != "" {
		return name
	}
	for _, part := range parts(n) {
		if name := linkOf(part); name != "" {
			return name
		}
	}
	if items := n.member("items"); items.there() {
		return linkOf(items)
	}
	return ""
}

func parts(n node) []node { return append(n.member("oneOf").items(), n.member("anyOf").items()...) }

// typeOf is a schema's type in words.
func typeOf(n node) string {
	if name := n.refName(); name != "" {
		return name
	}
	if items := n.member("items"); items.there() {
		return "array of " + typeOf(items)
	}
	var all []string
	for _, part := range parts(n) {
		all = append(all, typeOf(part))
	}
	all = append(all, n.member("type").texts()...)
	if format := n.member("format").text(); format != "" && len(all) > 0 {
		all[0] += " (" + format + ")"
	}
	return strings.Join(all, " or ")
}

// bounds are keywords that limit a value, and what the page calls them.
var bounds = []struct{ keyword, words string }{
	{"const", "Always"}, {"minimum", "From"}, {"maximum", "Up to"}, {"maxLength", "Characters at most"},
	{"maxItems", "Items at most"}, {"pattern", "Form"}, {"default", "Default"},
}

func boundsOf(n node) string {
	var out strings.Builder
	if values := n.member("enum").texts(); len(values) > 0 {
		out.WriteString(" One of `" + strings.Join(slices.DeleteFunc(values, func(v string) bool { return v == "" }), "`, `") + "`.")
	}
	for _, b := range bounds {
		if value := n.member(b.keyword).text(); value != "" {
			out.WriteString(" " + b.words + " `" + value + "`.")
		}
	}
	return out.String()
}
