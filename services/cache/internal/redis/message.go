package redis

import "encoding/json"

// message is what a replica tells the others on the channel.
type message struct {
	From       string   `json:"from"` // who need not hear it
	Keys       []string `json:"keys,omitempty"`
	Prefixes   []string `json:"prefixes,omitempty"`
	Generation string   `json:"generation,omitempty"` // a new one: nothing older counts
}

func (m message) encode() ([]byte, error) { return json.Marshal(m) }

// decode returns a message, and whether it is one.
func decode(text string) (m message, ok bool) {
	err := json.Unmarshal([]byte(text), &m)
	return m, err == nil && m.From != ""
}
