package cli

import (
	"flag"
	"fmt"
	"strconv"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// quotaFlags are the parts of a quota; what is given is put into quota.
func quotaFlags(fs *flag.FlagSet, quota client.Quota) {
	const suffix = "; 0 is no limit, default the server's"
	part := func(name, key, text string) {
		fs.Func(name, text+suffix, func(value string) error {
			if value == "default" {
				quota[key] = nil
				return nil
			}
			most, err := strconv.ParseInt(value, 10, 64)
			if err != nil || most < 0 {
				return fmt.Errorf("%q is not a number from 0, and not default", value)
			}
			quota[key] = &most
			return nil
		})
	}
	part("audio-seconds", client.QuotaAudio, "`seconds` of audio a day")
	part("jobs", client.QuotaJobs, "`jobs` at a time")
	part("stored-bytes", client.QuotaStored, "`bytes` of recordings")
}

func (s *session) printAccount(a client.Account, asJSON bool) error {
	if asJSON {
		return s.printJSON(a)
	}
	return s.print(table([][]string{
		{"user", a.UserID},
		{"name", orDash(a.Username)},
		{"role", orDash(a.Role)},
		{"active", activeText(a)},
		{"created", timeText(a.CreatedAt, s.Location)},
		{"audio a day", quotaText(a.Quota[client.QuotaAudio], func(n int64) string { return lengthText(float64(n)) })},
		{"jobs at a time", quotaText(a.Quota[client.QuotaJobs], func(n int64) string { return strconv.FormatInt(n, 10) })},
		{"recordings", quotaText(a.Quota[client.QuotaStored], bytesText)},
	}))
}

func quotaText(most *int64, text func(int64) string) string {
	switch {
	case most == nil:
		return "the server's default"
	case *most == 0:
		return "no limit"
	default:
		return "at most " + text(*most)
	}
}
