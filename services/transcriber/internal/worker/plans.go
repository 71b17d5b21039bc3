package worker

import (
	"context"
	"fmt"
	"sync"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// maxPlans bounds the plans kept in memory. Slots work on few jobs at a time.
const maxPlans = 32

// plans keeps the latest plans. A plan is immutable, so a kept one is as good as
// the stored one. The zero value is ready.
type plans struct {
	mu    sync.Mutex
	kept  map[planKey]*jobv1.Plan
	order []planKey // the one kept for longest first
}

type planKey struct {
	id      string
	attempt uint32
}

func (p *plans) get(key planKey) *jobv1.Plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept[key]
}

func (p *plans) put(key planKey, plan *jobv1.Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept[key] != nil {
		return
	}
	if len(p.order) == maxPlans {
		delete(p.kept, p.order[0])
		p.order = p.order[1:]
	}
	if p.kept == nil {
		p.kept = map[planKey]*jobv1.Plan{}
	}
	p.kept[key] = plan
	p.order = append(p.order, key)
}

// plan returns the plan of a task's job. A plan is stored before any of its
// tasks is queued, so that a missing one is our bug.
func (h *Handler) plan(ctx context.Context, task *jobv1.Task) (*jobv1.Plan, error) {
	key := planKey{task.GetJobId(), task.GetAttempt()}
	if plan := h.plans.get(key); plan != nil {
		return plan, nil
	}
	plan, err := h.Jobs.Plan(ctx, key.id, key.attempt)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(err, fault.Internal, "internal", notProcessed)
	}
	if err != nil {
		return nil, fmt.Errorf("read plan of %s: %w", key.id, err)
	}
	h.plans.put(key, plan)
	return plan, nil
}

// chunk returns the plan of a task's job, and the task's chunk of it.
func (h *Handler) chunk(ctx context.Context, task *jobv1.Task) (*jobv1.Plan, *jobv1.Chunk, error) {
	plan, err := h.plan(ctx, task)
	if err != nil {
		return nil, nil, err
	}
	if int(task.GetChunk()) >= len(plan.GetChunks()) {
		lack := fmt.Errorf("plan of %s has no chunk %d", task.GetJobId(), task.GetChunk())
		return nil, nil, fault.Wrap(lack, fault.Internal, "internal", notProcessed)
	}
	return plan, plan.GetChunks()[task.GetChunk()], nil
}
