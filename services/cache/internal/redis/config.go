package redis

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

const (
	dialTime   = 250 * time.Millisecond
	callTime   = 200 * time.Millisecond // a read that takes longer costs more than it saves
	slowTime   = time.Second            // a deletion may take longer: when it fails, everything held is given up
	deleteTime = 30 * time.Second       // for all of a deletion, where it has to walk over all groups
	writeSpeed = 16 << 20               // bytes a second that a value may take longer to be set
)

// Config says where the server is.
type Config struct {
	URL          string // redis://[user@]host:6379/0, rediss:// or unix:///path?db=0; holds no password
	PasswordFile string // empty: the server asks for none
}

// options are those of the client. No error tells the URL: somebody may have put a
// password into it.
func (c Config) options() (*goredis.Options, error) {
	options, err := goredis.ParseURL(c.URL)
	if err != nil {
		return nil, fault.New(fault.Invalid, "invalid_redis_url", "cache.redis-url must be of the form redis://host:6379/0.")
	}
	if options.Password != "" {
		return nil, fault.New(fault.Invalid, "invalid_redis_url",
			"cache.redis-url must not hold a password; cache.redis-password-file says where it is.")
	}
	if options.Password, err = c.password(); err != nil {
		return nil, err
	}
	mute()
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = dialTime, slowTime, slowTime, slowTime
	options.ContextTimeoutEnabled = true              // each call says how long it may take
	options.MaxRetries, options.DialerRetries = -1, 1 // to try again is for the link to decide
	options.Protocol, options.PipelinePoolSize = 2, -1
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return options, nil
}

func (c Config) password() (string, error) {
	if c.PasswordFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("redis password: %w", err)
	}
	password := strings.TrimSpace(string(text))
	if password == "" {
		return "", fmt.Errorf("redis password: %s is empty", c.PasswordFile)
	}
	return password, nil
}

// mute keeps the client from writing to standard error: the link logs what there
// is to say.
var mute = sync.OnceFunc(logging.Disable)
