package cli

import (
	"context"
	"flag"
	"strconv"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func meCommand() command {
	return command{
		name: "me", summary: "tells who you are, and what is left of your quota",
		setup: func(fs *flag.FlagSet) work {
			asJSON := jsonFlag(fs)
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 0 {
					return usage("me takes no arguments")
				}
				c, err := s.connect(ctx)
				if err != nil {
					return err
				}
				me, err := c.Me(ctx)
				if err != nil {
					return err
				}
				if *asJSON {
					return s.printJSON(me)
				}
				return s.print(table(meRows(me)))
			}
		},
	}
}

func meRows(me client.User) [][]string {
	count := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	return [][]string{
		{"user", me.UserID},
		{"name", me.Username},
		{"role", me.Role},
		{"", "QUOTA", "USED", "LEFT"},
		amountRow("audio a day", me.Quota.AudioSeconds, me.Used.AudioSeconds, me.Left.AudioSeconds, placeText),
		amountRow("jobs at a time", me.Quota.Jobs, me.Used.Jobs, me.Left.Jobs, count),
		amountRow("recordings", me.Quota.StoredBytes, me.Used.StoredBytes, me.Left.StoredBytes, func(n float64) string { return bytesText(int64(n)) }),
	}
}

// amountRow is a part of a quota. Without a limit nothing is left of it either.
func amountRow(name string, quota, used, left *float64, text func(float64) string) []string {
	row := []string{name, "no limit", "-", "-"}
	for i, amount := range []*float64{quota, used, left} {
		if amount != nil {
			row[i+1] = text(*amount)
		}
	}
	return row
}
