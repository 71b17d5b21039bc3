package gateway

import (
	"flag"
	"time"

	"github.com/stenomesh/stenomesh/services/gateway/internal/quota"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// Config is what an operator can set.
type Config struct {
	// Addr is where the API listens, for example "127.0.0.1:8000".
	Addr string
	// KeyFile holds the keys of access tokens: the first signs, all check. It is made
	// when missing. All gateways of a mesh need the same.
	KeyFile string
	// DefaultModel runs jobs that name no model.
	DefaultModel string
	// ModelFallback runs jobs whose model is in the catalogue but not installed;
	// empty: they are refused.
	ModelFallback string
	// MaxUploadBytes is the largest recording.
	MaxUploadBytes int64
	// MaxLiveTasks is how many jobs of one user may be queued or running. It and the two
	// quotas below are for users without quotas of their own; 0 is no limit.
	MaxLiveTasks int
	// MaxStreams is how many streams of events may be open.
	MaxStreams int64
	// QuotaAudioSeconds is how much audio a user may have worked on in a day of UTC.
	QuotaAudioSeconds int64
	// QuotaStoredBytes is how many bytes of recordings a user may store.
	QuotaStoredBytes int64
	// RatePerUser is how many requests a minute a user may send; 0: any number.
	RatePerUser int64
	// RatePerAddress is how many requests a minute that need no login may come from an
	// address; 0: any number.
	RatePerAddress int64
	// UploadIdle is how long a client may send nothing, or next to nothing, in the
	// middle of an upload.
	UploadIdle time.Duration
	// UploadLife is how long an upload that arrives in several requests waits for the
	// next.
	UploadLife time.Duration
	// MaxConnections is how many clients may be connected at once.
	MaxConnections int
	// Origins are sites whose pages may use the API.
	Origins web.Origins
	// OpenAIKeepFiles lists recordings that came to /v1 among the files of their user;
	// otherwise they go with the end of their job.
	OpenAIKeepFiles bool
	// OpenAIWait is how long a request to /v1 waits for its job: less than balancers
	// and proxies wait for an answer.
	OpenAIWait time.Duration
	// TrustedProxies are balancers that say where a request comes from.
	TrustedProxies web.Proxies
	// OutboundAllow are networks that receivers of webhooks and recordings to be
	// fetched may be in although they are not public.
	OutboundAllow web.Proxies
	// WebhookPause is how long after its first failure a webhook is sent again; each
	// further pause is three times as long.
	WebhookPause time.Duration
	// URLIngest lets users have recordings fetched from addresses.
	URLIngest bool
}

// DefaultConfig is used where nothing is set.
func DefaultConfig() Config {
	return Config{
		Addr:           ":8000",
		KeyFile:        "var/gateway/token.key",
		DefaultModel:   "large-v3-turbo",
		MaxUploadBytes: 2 << 30,
		MaxLiveTasks:   1000,
		MaxStreams:     20_000,
		UploadIdle:     time.Minute,
		UploadLife:     24 * time.Hour,
		MaxConnections: 20_000,
		WebhookPause:   10 * time.Second,

		OpenAIKeepFiles: true,
		OpenAIWait:      50 * time.Minute,
	}
}

// RegisterFlags adds the settings to fs; what c holds is the default.
func (c *Config) RegisterFlags(fs *flag.FlagSet) {
	fs.StringVar(&c.Addr, "gateway.addr", c.Addr, "address the HTTP API listens on")
	fs.StringVar(&c.KeyFile, "gateway.key-file", c.KeyFile, "keys of access tokens, the first signs; made when missing, read again when it changes")
	fs.StringVar(&c.DefaultModel, "gateway.default-model", c.DefaultModel, "model of jobs that name none")
	fs.StringVar(&c.ModelFallback, "gateway.model-fallback", c.ModelFallback,
		"model that runs jobs whose own is not installed; empty: they are refused")
	fs.Int64Var(&c.MaxUploadBytes, "gateway.max-upload-bytes", c.MaxUploadBytes, "largest recording in bytes")
	fs.IntVar(&c.MaxLiveTasks, "gateway.max-live-tasks", c.MaxLiveTasks, "jobs of one user queued or running; 0: any number")
	fs.Int64Var(&c.QuotaAudioSeconds, "gateway.quota-audio-seconds", c.QuotaAudioSeconds,
		"seconds of audio a day (UTC) of users without a quota of their own; 0: no limit")
	fs.Int64Var(&c.QuotaStoredBytes, "gateway.quota-stored-bytes", c.QuotaStoredBytes,
		"bytes of recordings of users without a quota of their own; 0: no limit")
	fs.Int64Var(&c.RatePerUser, "gateway.rate-per-user", c.RatePerUser, "requests of a user a minute; 0: any number")
	fs.Int64Var(&c.RatePerAddress, "gateway.rate-per-address", c.RatePerAddress,
		"requests without login from an address a minute; 0: any number")
	fs.IntVar(&c.MaxConnections, "gateway.max-connections", c.MaxConnections,
		"clients connected at once; further ones wait until one leaves or is idle")
	fs.Var(&c.Origins, "gateway.cors-origins",
		"sites whose pages may use the API from a browser, for example https://app.example, with commas between them; * for all")
	fs.Int64Var(&c.MaxStreams, "gateway.max-streams", c.MaxStreams, "streams of events open at once")
	fs.Var(&c.TrustedProxies, "gateway.trusted-proxies",
		"networks of balancers whose X-Forwarded-For is believed, for example 10.0.0.0/8, with commas between them")
	fs.Var(&c.OutboundAllow, "gateway.outbound-allow",
		"networks that may be called for webhooks and -gateway.url-ingest although they are not public, for example 10.1.0.0/16, with commas between them")
	fs.DurationVar(&c.WebhookPause, "gateway.webhook-pause", c.WebhookPause,
		"how long after its first failure a webhook is sent again; the pauses become three times longer each, up to 6h, for a day")
	fs.BoolVar(&c.URLIngest, "gateway.url-ingest", c.URLIngest, "fetch recordings from addresses that users name")
	fs.BoolVar(&c.OpenAIKeepFiles, "gateway.openai-keep-files", c.OpenAIKeepFiles,
		"list recordings sent to /v1 among their user's files; false: they go with the end of their job")
	fs.DurationVar(&c.OpenAIWait, "gateway.openai-wait", c.OpenAIWait, "longest time a request to /v1 waits for its job")
	fs.DurationVar(&c.UploadIdle, "gateway.upload-idle", c.UploadIdle, "longest silence in the middle of an upload")
	fs.DurationVar(&c.UploadLife, "gateway.upload-life", c.UploadLife, "how long an upload that arrives in several requests waits for the next one")
}

// limits is what users may use who have no quota of their own.
func (c *Config) limits() quota.Limits {
	return quota.Limits{AudioSeconds: c.QuotaAudioSeconds, Jobs: int64(c.MaxLiveTasks), StoredBytes: c.QuotaStoredBytes}
}
