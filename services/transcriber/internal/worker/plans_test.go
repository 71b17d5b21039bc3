package worker

import (
	"fmt"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestPlans_forgetTheOldest(t *testing.T) {
	t.Parallel()
	var p plans
	name := func(n int) planKey { return planKey{fmt.Sprint(n), 1} }

	for n := range maxPlans + 1 {
		p.put(name(n), &jobv1.Plan{JobId: fmt.Sprint(n)})
		p.put(name(n), &jobv1.Plan{JobId: "again"})
	}

	if p.get(name(0)) != nil || len(p.kept) != maxPlans {
		t.Errorf("%d plans are kept, the first one among them: %t", len(p.kept), p.get(name(0)) != nil)
	}
	if got := p.get(name(maxPlans)).GetJobId(); got != fmt.Sprint(maxPlans) {
		t.Errorf("plan of job %q", got)
	}
}
