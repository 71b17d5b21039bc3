package contract

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"
)

// node is a part of the document, which keeps the order of its members. The zero value
// is a part that is not there.
type node struct {
	root *yaml.Node
	yaml *yaml.Node
}

func parse(document []byte) (node, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(document, &root); err != nil {
		return node{}, err
	}
	if len(root.Content) == 0 {
		return node{}, nil
	}
	return node{root.Content[0], root.Content[0]}, nil
}

// get follows names of members, and references on the way.
func (n node) get(names ...string) node {
	for _, name := range names {
		n = n.target().member(name)
	}
	return n.target()
}

func (n node) member(name string) node {
	for _, m := range n.members() {
		if m.name == name {
			return m.node
		}
	}
	return node{}
}

// target is what a reference refers to; n itself if it is none.
func (n node) target() node {
	for n.yaml != nil {
		to := n.member("$ref").text()
		if to == "" {
			return n
		}
		n = node{n.root, n.root}
		for name := range strings.SplitSeq(strings.TrimPrefix(to, "#/"), "/") {
			n = n.member(strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
		}
	}
	return n
}

// name is the last part of a reference; empty if n is none.
func (n node) refName() string {
	to := n.member("$ref").text()
	return to[strings.LastIndexByte(to, '/')+1:]
}

type member struct {
	name string
	node node
}

// members lists those of an object in order.
func (n node) members() []member {
	if n.yaml == nil || n.yaml.Kind != yaml.MappingNode {
		return nil
	}
	var all []member
	for i := 0; i+1 < len(n.yaml.Content); i += 2 {
		all = append(all, member{n.yaml.Content[i].Value, node{n.root, n.yaml.Content[i+1]}})
	}
	return all
}

// items lists those of an array.
func (n node) items() []node {
	if n.yaml == nil || n.yaml.Kind != yaml.SequenceNode {
		return nil
	}
	var all []node
	for _, item := range n.yaml.Content {
		all = append(all, node{n.root, item})
	}
	return all
}

// texts lists the texts of an array, or the one text.
func (n node) texts() []string {
	var all []string
	for _, item := range n.items() {
		all = append(all, item.text())
	}
	if text := n.text(); text != "" {
		all = append(all, text)
	}
	return all
}

func (n node) there() bool { return n.yaml != nil }

func (n node) text() string {
	if n.yaml == nil || n.yaml.Kind != yaml.ScalarNode {
		return ""
	}
	return n.yaml.Value
}

// json is the part as JSON, its members in order; a text as it is.
func (n node) json(indent string) string {
	var out strings.Builder
	n.write(&out, indent)
	return out.String()
}

func (n node) write(out *strings.Builder, indent string) {
	deeper := indent + "  "
	switch {
	case n.yaml.Kind == yaml.MappingNode:
		list(out, "{}", indent, n.members(), func(m member) {
			out.WriteString(quoted(m.name) + ": ")
			m.node.write(out, deeper)
		})
	case n.yaml.Kind == yaml.SequenceNode:
		list(out, "[]", indent, n.items(), func(item node) { item.write(out, deeper) })
	case n.yaml.Tag == "!!str" || n.yaml.Tag == "!!timestamp":
		out.WriteString(quoted(n.yaml.Value))
	default:
		out.WriteString(n.yaml.Value)
	}
}

// list writes items between the two of brackets, each on a line.
func list[T any](out *strings.Builder, brackets, indent string, items []T, write func(T)) {
	if len(items) == 0 {
		out.WriteString(brackets)
		return
	}
	before := brackets[:1]
	for _, item := range items {
		out.WriteString(before + "\n" + indent + "  ")
		write(item)
		before = ","
	}
	out.WriteString("\n" + indent + brackets[1:])
}

func quoted(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // texts can always be written
	return strings.TrimSuffix(out.String(), "\n")
}
