package bench

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Report is all that was measured.
type Report struct {
	Machine  Machine   `json:"machine"`
	Sections []Section `json:"sections"`
}

// Section is a group of figures.
type Section struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Rows  []Row  `json:"rows"`
}

// Row is one figure: a value, or the quantiles of many.
type Row struct {
	Figure  string   `json:"figure"`
	N       int      `json:"n"` // measurements behind it
	Value   *float64 `json:"value,omitempty"`
	P50     *float64 `json:"p50,omitempty"`
	P99     *float64 `json:"p99,omitempty"`
	Unit    string   `json:"unit"`
	Against string   `json:"compared_with,omitempty"` // what is expected, or what it relates to
}

// value is a row of one number.
func value(figure string, n int, number float64, unit, against string) Row {
	return Row{Figure: figure, N: n, Value: &number, Unit: unit, Against: against}
}

// latency is a row of quantiles, in milliseconds.
func latency(figure string, took durations, against string) Row {
	p50, p99 := took.quantile(0.50), took.quantile(0.99)
	return Row{Figure: figure, N: len(took), P50: &p50, P99: &p99, Unit: "ms", Against: against}
}

// The columns of the table. Numbers stand to the right.
const (
	lineForm = "%-58s %6s %9s %9s %9s  %-12s %s"
	figure   = "  "
)

// Text is the report as a table for people.
func (r Report) Text() string {
	var b strings.Builder
	b.WriteString(r.Machine.String() + "\n\n")
	writeLine(&b, "figure", "n", "value", "p50", "p99", "unit", "compared with")
	for _, s := range r.Sections {
		b.WriteString("\n" + s.Title + "\n")
		for _, row := range s.Rows {
			writeLine(&b, figure+row.Figure, fmt.Sprint(row.N), number(row.Value), number(row.P50), number(row.P99), row.Unit, row.Against)
		}
	}
	return b.String()
}

func writeLine(b *strings.Builder, cells ...any) {
	b.WriteString(strings.TrimRight(fmt.Sprintf(lineForm, cells...), " ") + "\n")
}

// number writes three digits or more.
func number(n *float64) string {
	switch {
	case n == nil:
		return ""
	case *n >= 100:
		return fmt.Sprintf("%.0f", *n)
	case *n >= 10:
		return fmt.Sprintf("%.1f", *n)
	case *n >= 1:
		return fmt.Sprintf("%.2f", *n)
	default:
		return fmt.Sprintf("%.3f", *n)
	}
}

// JSON is the report for programs.
func (r Report) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}
