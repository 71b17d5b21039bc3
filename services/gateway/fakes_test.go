package gateway_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/account"
	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
)

var errDown = fault.New(fault.Unavailable, "history_unavailable", "The history does not answer.")

// history is the history service in small: it follows the job feed into memory. It
// can be switched off (down) and can stop following (behind).
type history struct {
	historyv1.UnimplementedHistoryServiceServer
	blobs blob.Store

	mu          sync.Mutex
	down        bool
	behind      bool
	rows        map[string]job.Event
	deleted     map[string]bool
	asked       []*historyv1.ListJobsRequest // all questions of ListJobs
	transcripts map[string]*jobv1.Transcript
	versions    map[string][]*jobv1.Transcript // all of them, from the first
}

func newHistory(blobs blob.Store) *history {
	return &history{blobs: blobs, rows: map[string]job.Event{}, deleted: map[string]bool{},
		transcripts: map[string]*jobv1.Transcript{}, versions: map[string][]*jobv1.Transcript{}}
}

func (h *history) take(event job.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.behind || event.CaughtUp || event.Gone: // a purged record keeps its row
		return
	case event.Job.GetState() == jobv1.State_STATE_DELETED:
		h.deleted[event.ID] = true
		delete(h.rows, event.ID)
		delete(h.transcripts, event.ID)
		delete(h.versions, event.ID)
		return
	case event.Job.GetState() == jobv1.State_STATE_COMPLETED:
		transcript := &jobv1.Transcript{}
		data, err := blob.Get(context.Background(), h.blobs, event.Job.GetTranscript().GetKey())
		if err == nil && proto.Unmarshal(data, transcript) == nil {
			h.transcripts[event.ID] = transcript
			h.versions[event.ID] = append(h.versions[event.ID][:job.TranscriptVersion(event.Job)-1], transcript)
		}
	}
	h.rows[event.ID] = event
}

func (h *history) set(change func(*history)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h)
}

func (h *history) has(id string, state jobv1.State) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rows[id].Job.GetState() == state
}

func (h *history) GetJob(_ context.Context, req *historyv1.GetJobRequest) (*historyv1.GetJobResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	row, found := h.rows[req.GetJobId()]
	switch {
	case h.down:
		return nil, errDown
	case !found || row.Job.GetUserId() != req.GetUserId():
		return nil, fault.New(fault.NotFound, "not_found", "No such job.")
	}
	return &historyv1.GetJobResponse{Job: row.Job, Revision: row.Revision}, nil
}

func (h *history) GetTranscript(_ context.Context, req *historyv1.GetTranscriptRequest) (*historyv1.GetTranscriptResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	transcript, found := h.transcripts[req.GetJobId()]
	switch {
	case h.down:
		return nil, errDown
	case !found:
		return nil, fault.New(fault.NotFound, "not_found", "No such transcript.")
	}
	if version := req.GetVersion(); version > 0 && h.versions[req.GetJobId()] != nil {
		return &historyv1.GetTranscriptResponse{Transcript: h.versions[req.GetJobId()][version-1], Version: version}, nil
	}
	return &historyv1.GetTranscriptResponse{Transcript: transcript, Version: req.GetVersion()}, nil
}

func (h *history) GetConfirmed(_ context.Context, req *historyv1.GetConfirmedRequest) (*historyv1.GetConfirmedResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return nil, errDown
	}
	return &historyv1.GetConfirmedResponse{Confirmed: h.rows[req.GetJobId()].Revision >= req.GetRevision()}, nil
}

// ListJobs uses the id of the last row as the cursor.
func (h *history) ListJobs(_ context.Context, req *historyv1.ListJobsRequest) (*historyv1.ListJobsResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, proto.CloneOf(req))
	if h.down {
		return nil, errDown
	}
	reply := &historyv1.ListJobsResponse{}
	without := map[string]bool{}
	for _, known := range req.GetWithout() {
		without[known.GetJobId()] = true
		if h.rows[known.GetJobId()].Revision >= known.GetRevision() || h.deleted[known.GetJobId()] {
			reply.Recorded = append(reply.Recorded, known.GetJobId())
		}
	}
	var all []*jobv1.Job
	for _, row := range h.rows {
		if row.Job.GetUserId() != req.GetUserId() || without[row.Job.GetId()] {
			continue
		}
		reply.Total++
		if fits(row.Job, req) {
			all = append(all, row.Job)
		}
	}
	slices.SortFunc(all, func(a, b *jobv1.Job) int { return cmp.Compare(b.GetId(), a.GetId()) })
	from := firstRow(all, req)
	to := min(from+int(req.GetLimit()), len(all))
	reply.Jobs = all[from:to]
	reply.More = to < len(all)
	return reply, nil
}

// fits is the filter in small: without words, and not in another order.
func fits(row *jobv1.Job, req *historyv1.ListJobsRequest) bool {
	created := row.GetCreatedAt().AsTime().UnixMicro()
	return (len(req.GetStates()) == 0 || slices.Contains(req.GetStates(), row.GetState())) &&
		(req.GetLanguage() == "" || row.GetOptions().GetLanguage() == req.GetLanguage()) &&
		(req.GetModel() == "" || row.GetOptions().GetResolvedModel() == req.GetModel()) &&
		strings.HasPrefix(row.GetInput().GetName(), req.GetFileNamePrefix()) &&
		(req.CreatedFromUs == nil || created >= req.GetCreatedFromUs()) &&
		(req.CreatedBeforeUs == nil || created < req.GetCreatedBeforeUs())
}

// GetUserStatistics knows one user, who has done the same thing every day.
func (h *history) GetUserStatistics(_ context.Context, req *historyv1.GetUserStatisticsRequest) (*historyv1.GetUserStatisticsResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return nil, errDown
	}
	reply := &historyv1.GetUserStatisticsResponse{
		ByState:    []*historyv1.Tally{{Name: "assembling", Jobs: 1}, {Name: "completed", Jobs: 40, AudioMs: 80_000, WorkMs: 20_000, WorkedMs: 80_000}},
		ByLanguage: []*historyv1.Tally{{Name: "ru", Jobs: 40, AudioMs: 80_000}},
		ByModel:    []*historyv1.Tally{{Name: "demo", Jobs: 40, AudioMs: 80_000}},
	}
	for day := range int64(statisticDays) {
		reply.ByDay = append(reply.ByDay, &historyv1.Tally{Name: strconv.FormatInt(req.GetFromDay()+day, 10), Jobs: day, AudioMs: 1500})
	}
	return reply, nil
}

// statisticDays is how far back statistics by day go.
const statisticDays = 30

// GetSystemStatistics tells of all users.
func (h *history) GetSystemStatistics(context.Context, *historyv1.GetSystemStatisticsRequest) (*historyv1.GetSystemStatisticsResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return nil, errDown
	}
	return &historyv1.GetSystemStatisticsResponse{ByState: []*historyv1.Tally{{Name: "queued", Jobs: 2}, {Name: "failed", Jobs: 3}}}, nil
}

// firstRow is where the page begins in all rows.
func firstRow(all []*jobv1.Job, req *historyv1.ListJobsRequest) int {
	at := req.GetAfter()
	if at == nil {
		return min(int(req.GetOffset()), len(all))
	}
	if older := slices.IndexFunc(all, func(j *jobv1.Job) bool { return j.GetId() < at.GetJobId() }); older >= 0 {
		return older
	}
	return len(all)
}

// accounts is the account service in small; every password is the name backwards.
// The administrator is called boss.
type accounts struct {
	accountv1.UnimplementedAccountServiceServer

	mu     sync.Mutex
	down   bool
	locked map[string]bool
	gone   map[string]bool // by name
	made   []string        // names, in their order
	roles  map[string]accountv1.Role
	quotas map[string]*accountv1.Quota
	keys   map[string]*accountv1.Key // by hash
	usage  int64                     // of everybody today, in milliseconds
	notes  *account.Announcer
}

func passwordOf(name string) string {
	runes := []rune(name)
	slices.Reverse(runes)
	return string(runes)
}

func (a *accounts) user(name string) *accountv1.User {
	role := accountv1.Role_ROLE_USER
	if name == "boss" {
		role = accountv1.Role_ROLE_ADMIN
	}
	if a.roles[name] != 0 {
		role = a.roles[name]
	}
	return &accountv1.User{Id: "id-" + name, Name: name, Role: role, Active: !a.locked[name], Quota: a.quotas[name]}
}

func (a *accounts) UpdateUser(ctx context.Context, req *accountv1.UpdateUserRequest) (*accountv1.UpdateUserResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := strings.TrimPrefix(req.GetUserId(), "id-")
	switch {
	case a.down:
		return nil, errDown
	case name == "boss" && (req.Active != nil && !req.GetActive() || req.GetRole() == accountv1.Role_ROLE_USER):
		return nil, fault.New(fault.Conflict, "last_admin", "The last one.")
	}
	if req.Active != nil {
		a.locked[name] = !req.GetActive()
	}
	if req.Role != nil {
		a.roles[name] = req.GetRole()
	}
	quota := proto.CloneOf(a.quotas[name])
	if quota == nil {
		quota = &accountv1.Quota{}
	}
	if limit := req.GetAudioSecondsPerDay(); limit != nil {
		quota.AudioSecondsPerDay = limit.Value
	}
	if limit := req.GetConcurrentJobs(); limit != nil {
		quota.ConcurrentJobs = limit.Value
	}
	if limit := req.GetStoredBytes(); limit != nil {
		quota.StoredBytes = limit.Value
	}
	a.quotas[name] = quota
	a.notes.Announce(ctx, &accountv1.AccountChanged{UserId: req.GetUserId(), Locked: a.locked[name]})
	return &accountv1.UpdateUserResponse{User: a.user(name)}, nil
}

func (a *accounts) CreateKey(_ context.Context, req *accountv1.CreateKeyRequest) (*accountv1.CreateKeyResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if req.GetKey().GetName() == "" {
		return nil, fault.New(fault.Invalid, "invalid_name", "No name.")
	}
	key := proto.CloneOf(req.GetKey())
	key.CreatedAt = timestamppb.Now()
	a.keys[string(req.GetHash())] = key
	return &accountv1.CreateKeyResponse{Key: key}, nil
}

func (a *accounts) ListKeys(_ context.Context, req *accountv1.ListKeysRequest) (*accountv1.ListKeysResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	reply := &accountv1.ListKeysResponse{}
	for _, key := range a.keys {
		if key.GetUserId() == req.GetUserId() {
			reply.Keys = append(reply.Keys, key)
		}
	}
	slices.SortFunc(reply.Keys, func(a, b *accountv1.Key) int { return cmp.Compare(a.GetId(), b.GetId()) })
	return reply, nil
}

func (a *accounts) DeleteKey(ctx context.Context, req *accountv1.DeleteKeyRequest) (*accountv1.DeleteKeyResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.keys, func(_ string, key *accountv1.Key) bool { return key.GetId() == req.GetKeyId() })
	a.notes.Announce(ctx, &accountv1.AccountChanged{UserId: req.GetUserId(), RemovedKeyId: req.GetKeyId()})
	return &accountv1.DeleteKeyResponse{}, nil
}

func (a *accounts) FindKey(_ context.Context, req *accountv1.FindKeyRequest) (*accountv1.FindKeyResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key, found := a.keys[string(req.GetHash())]
	switch {
	case a.down:
		return nil, errDown
	case !found:
		return nil, fault.New(fault.NotFound, "key_not_found", "No such key.")
	}
	return &accountv1.FindKeyResponse{Key: key, User: a.user(strings.TrimPrefix(key.GetUserId(), "id-"))}, nil
}

func (a *accounts) NoteKeyUses(_ context.Context, req *accountv1.NoteKeyUsesRequest) (*accountv1.NoteKeyUsesResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, use := range req.GetUses() {
		for _, key := range a.keys {
			if key.GetId() == use.GetKeyId() {
				key.LastUsedAt = use.GetUsedAt()
			}
		}
	}
	return &accountv1.NoteKeyUsesResponse{}, nil
}

func (a *accounts) GetUsage(context.Context, *accountv1.GetUsageRequest) (*accountv1.GetUsageResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down {
		return nil, errDown
	}
	return &accountv1.GetUsageResponse{AudioMs: a.usage}, nil
}

func (a *accounts) Authenticate(_ context.Context, req *accountv1.AuthenticateRequest) (*accountv1.AuthenticateResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.down:
		return nil, errDown
	case a.locked[req.GetName()] || req.GetPassword() != passwordOf(req.GetName()):
		return nil, fault.New(fault.Unauthenticated, "wrong", "Wrong.")
	}
	return &accountv1.AuthenticateResponse{User: a.user(req.GetName())}, nil
}

func (a *accounts) GetUser(_ context.Context, req *accountv1.GetUserRequest) (*accountv1.GetUserResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name, ours := strings.CutPrefix(req.GetUserId(), "id-")
	switch {
	case a.down:
		return nil, errDown
	case !ours || a.gone[name]:
		return nil, fault.New(fault.NotFound, "user_not_found", "No such user.")
	}
	return &accountv1.GetUserResponse{User: a.user(name)}, nil
}

func (a *accounts) EnsureUser(_ context.Context, req *accountv1.EnsureUserRequest) (*accountv1.EnsureUserResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if req.GetName() == "" {
		return nil, fault.New(fault.Invalid, "invalid_name", "No name.")
	}
	there := slices.Contains(a.made, req.GetName())
	if !there {
		a.made = append(a.made, req.GetName())
	}
	user := a.user(req.GetName())
	user.Role = req.GetRole()
	return &accountv1.EnsureUserResponse{User: user, Created: !there}, nil
}

func (a *accounts) ListUsers(_ context.Context, req *accountv1.ListUsersRequest) (*accountv1.ListUsersResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	reply := &accountv1.ListUsersResponse{}
	for _, name := range a.made[slices.Index(a.made, strings.TrimPrefix(req.GetAfter(), "id-"))+1:] {
		if reply.More = len(reply.GetUsers()) == int(req.GetLimit()); reply.GetMore() {
			break
		}
		reply.Users = append(reply.Users, a.user(name))
	}
	return reply, nil
}

func (a *accounts) LockUser(_ context.Context, req *accountv1.LockUserRequest) (*accountv1.LockUserResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := strings.TrimPrefix(req.GetUserId(), "id-")
	switch {
	case a.down:
		return nil, errDown
	case name == "boss":
		return nil, fault.New(fault.Conflict, "last_admin", "The last one.")
	}
	a.locked[name] = true
	return &accountv1.LockUserResponse{User: a.user(name)}, nil
}

func (a *accounts) set(change func(*accounts)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a)
}

// shelf is the cache service in small.
type shelf struct {
	cachev1.UnimplementedCacheServiceServer

	mu     sync.Mutex
	values map[string][]byte
	stats  cachev1.KindStats
	down   bool
	taken  map[string]int64
}

// Take lets through as many as the rate, once and for all.
func (s *shelf) Take(_ context.Context, req *cachev1.TakeRequest) (*cachev1.TakeResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, fault.New(fault.Unavailable, "down", "Down.")
	}
	if s.taken[req.GetKey()] == req.GetLimit() {
		return &cachev1.TakeResponse{RetryAfterMs: 1500, ResetAfterMs: 60_000}, nil
	}
	s.taken[req.GetKey()]++
	return &cachev1.TakeResponse{Allowed: true, Remaining: req.GetLimit() - s.taken[req.GetKey()], ResetAfterMs: 900}, nil
}

func (s *shelf) Get(_ context.Context, req *cachev1.GetRequest) (*cachev1.GetResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, found := s.values[req.GetKey()]
	if found {
		s.stats.Hits++
	} else {
		s.stats.Misses++
	}
	return &cachev1.GetResponse{Found: found, Value: value}, nil
}

func (s *shelf) Set(_ context.Context, req *cachev1.SetRequest) (*cachev1.SetResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[req.GetKey()] = req.GetValue()
	return &cachev1.SetResponse{}, nil
}

func (s *shelf) Delete(_ context.Context, req *cachev1.DeleteRequest) (*cachev1.DeleteResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.values {
		if slices.ContainsFunc(req.GetPrefixes(), func(p string) bool { return strings.HasPrefix(key, p) }) {
			delete(s.values, key)
		}
	}
	return &cachev1.DeleteResponse{}, nil
}

func (s *shelf) GetStats(context.Context, *cachev1.GetStatsRequest) (*cachev1.GetStatsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &cachev1.GetStatsResponse{Kinds: []*cachev1.KindStats{{
		Kind: "transcript", Hits: s.stats.Hits, Misses: s.stats.Misses, Entries: uint64(len(s.values)),
	}}}, nil
}

// gauges is the metrics service with a fixed answer.
type gauges struct {
	metricsv1.UnimplementedMetricsServiceServer
}

func (gauges) GetPerformance(context.Context, *metricsv1.GetPerformanceRequest) (*metricsv1.GetPerformanceResponse, error) {
	return &metricsv1.GetPerformanceResponse{
		WindowMs: 10_000, CpuCores: 0.5, ResidentBytes: 1 << 20,
		Summaries: []*metricsv1.Summary{
			{Kind: metricsv1.Kind_KIND_ROUTE, Name: "GET /a", Count: 15, Errors: 5, P50Ms: 1.5},
			{Kind: metricsv1.Kind_KIND_ROUTE, Name: "GET /b", Count: 5},
			{Kind: metricsv1.Kind_KIND_STAGE, Name: "preprocessing", Count: 3},
		},
	}, nil
}
