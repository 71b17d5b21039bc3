// Package storetest is the suite that every history store passes.
package storetest

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// Run runs the suite. open returns an empty store that ends with the test.
func Run(t *testing.T, open func(t *testing.T) history.Store) {
	stories := map[string]func(t *testing.T, store history.Store){
		"Record_keepsTheNewestRevision":           keepsTheNewestRevision,
		"Record_givesTheSameRowInAnyOrder":        givesTheSameRowInAnyOrder,
		"Record_storesAllOrNone":                  storesAllOrNone,
		"Record_keepsEveryKindOfText":             keepsEveryKindOfText,
		"Record_countsWhatIsNotDeleted":           countsWhatIsNotDeleted,
		"Record_takesWhatMakesNoSense":            takesWhatMakesNoSense,
		"Record_isTheSameFromSeveralAtOnce":       isTheSameFromSeveralAtOnce,
		"Record_takesAThousandChangesAtOnce":      takesAThousandChangesAtOnce,
		"Deletion_leavesNothingButATombstone":     leavesNothingButATombstone,
		"Deletion_isFinal":                        deletionIsFinal,
		"Deletion_winsAfterTheBusStartedAnew":     deletionWinsAfterTheBusStartedAnew,
		"Transcript_belongsToItsOwner":            transcriptBelongsToItsOwner,
		"Transcript_survivesWhatIsNotNewer":       transcriptSurvivesWhatIsNotNewer,
		"Transcript_endsWithItsAttempt":           transcriptEndsWithItsAttempt,
		"Transcript_keepsEveryVersion":            transcriptKeepsEveryVersion,
		"Confirmed_holdsUpToTheStoredRevision":    confirmedHoldsUpToTheStoredRevision,
		"Confirmed_wantsTheTranscript":            confirmedWantsTheTranscript,
		"Record_fillsInAMissingTranscript":        fillsInAMissingTranscript,
		"Page_givesEachJobOnceNewestFirst":        givesEachJobOnceNewestFirst,
		"Page_showsOnlyTheAskedStates":            showsOnlyTheAskedStates,
		"Page_leavesOutWhatTheAskerKnowsBetter":   leavesOutWhatTheAskerKnowsBetter,
		"Page_isTheUsersOwn":                      pageIsTheUsersOwn,
		"Page_showsOnlyWhatFits":                  pageShowsOnlyWhatFits,
		"Page_goesFromTheOldestJobOn":             pageGoesFromTheOldestOn,
		"Search_findsEveryFormOfAWord":            searchFindsEveryForm,
		"Search_isTheUsersOwn":                    searchIsTheUsersOwn,
		"Search_followsTheTranscript":             searchFollowsTheTranscript,
		"Search_followsEveryVersion":              searchFollowsEveryVersion,
		"Search_walksThroughAllHits":              searchWalksThroughAllHits,
		"Search_takesAWholeDayOfSpeech":           searchTakesAWholeDay,
		"Statistics_areWhatTheRowsComeTo":         statisticsAreWhatTheRowsComeTo,
		"Statistics_addUpFromSeveralAtOnce":       statisticsAddUp,
		"Statistics_endWithTheirUser":             statisticsEndWithTheirUser,
		"Upkeep_findsNothingToDo":                 upkeepFindsNothing,
		"Page_ofAnEmptyHistoryIsEmpty":            pageOfAnEmptyHistoryIsEmpty,
		"Users_areUniqueByName":                   usersAreUniqueByName,
		"Users_areFoundByNameAndID":               usersAreFoundByNameAndID,
		"Users_areListedInOrder":                  usersAreListedInOrder,
		"LockUser_keepsOneOut":                    lockUserKeepsOneOut,
		"LockUser_leavesAnAdministrator":          lockUserLeavesAnAdministrator,
		"UpdateUser_changesWhatIsAsked":           updateUserChangesWhatIsAsked,
		"UpdateUser_leavesAnAdministrator":        updateUserLeavesAnAdministrator,
		"Keys_areFoundByTheirHash":                keysAreFoundByTheirHash,
		"Keys_areRemovedByTheirOwner":             keysAreRemovedByTheirOwner,
		"Keys_ofAUserAreLimited":                  keysOfAUserAreLimited,
		"Keys_knowTheirLastUse":                   keysKnowTheirLastUse,
		"Usage_countsEachJobOnce":                 usageCountsEachJobOnce,
		"Usage_isOfTheDayOfTheJob":                usageIsOfTheDayOfTheJob,
		"Usage_staysWhenJobsAreDeleted":           usageStaysWhenJobsAreDeleted,
		"Usage_leavesOutWhatTheCacheServed":       usageLeavesOutWhatTheCacheServed,
		"DeleteUser_leavesTombstonesAndNoAccount": deleteUserLeavesTombstones,
		"DeleteUser_tellsTheSameWhenAskedAgain":   deleteUserTellsTheSame,
		"DeleteUser_comesBetweenRecorders":        deleteUserComesBetweenRecorders,
		"Delivery_isKeptWithItsAttempts":          deliveryIsKeptWithItsAttempts,
		"Delivery_belongsToItsOwner":              deliveryBelongsToItsOwner,
		"Delivery_goesWithItsJob":                 deliveryGoesWithItsJob,
		"Delivery_goesWithItsUser":                deliveryGoesWithItsUser,
		"Secrets_areMadeOnce":                     secretsAreMadeOnce,
		"Secrets_areReplaced":                     secretsAreReplaced,
		"Secrets_goWithTheirUser":                 secretsGoWithTheirUser,
		"EveryCall_endsWithItsContext":            everyCallEndsWithItsContext,
		"Check_holdsForAnEmptyAndAFilledHistory":  checkHolds,
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, open(t))
		})
	}
}

// created is when the first job of every story was made.
var created = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// job returns a record that was made n seconds after the first one.
func job(user string, n int, state jobv1.State) *jobv1.Job {
	return &jobv1.Job{
		Id:        fmt.Sprintf("0198c0de-7c1a-7b3e-9a51-%s%08d", hexOf(user), n),
		UserId:    user,
		Attempt:   1,
		State:     state,
		CreatedAt: timestamppb.New(created.Add(time.Duration(n) * time.Second)),
		Options:   &jobv1.Options{ResolvedModel: "demo", Language: "auto"},
		Input:     &jobv1.Input{Name: fmt.Sprintf("запись %d.ogg", n), FileId: "file1"},
		Media:     &jobv1.Media{DurationMs: 61_000},
	}
}

// hexOf keeps the ids of users apart.
func hexOf(user string) string { return fmt.Sprintf("%04x", []byte(user + "\x00\x00")[:2]) }

// completed returns a finished record of ann.
func completed(n int) *jobv1.Job {
	done := job("ann", n, jobv1.State_STATE_COMPLETED)
	done.Language = "ru"
	done.FinishedAt = timestamppb.New(created.Add(time.Hour))
	return done
}

func words() *jobv1.Transcript {
	return &jobv1.Transcript{Language: "ru", DurationMs: 61_000, Segments: []*jobv1.Segment{
		{StartMs: 320, EndMs: 2820, Text: "Первое предложение."},
		{StartMs: 4180, EndMs: 6510, Text: "And a second one."},
	}}
}

func change(job *jobv1.Job, revision uint64) record.Change {
	return record.Change{Job: job, Revision: revision}
}

func mustRecord(t *testing.T, store history.Store, changes ...record.Change) {
	t.Helper()
	if err := store.Record(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
}

func wantJob(t *testing.T, store history.Store, want *jobv1.Job, wantRevision uint64) {
	t.Helper()
	got, revision, err := store.Job(t.Context(), want.GetUserId(), want.GetId())
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got, want) || revision != wantRevision {
		t.Errorf("got %v at %d, want %v at %d", got, revision, want, wantRevision)
	}
}

func wantNotFound(t *testing.T, what string, err error) {
	t.Helper()
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("%s: got %v, want not found", what, err)
	}
}

func wantTotal(t *testing.T, store history.Store, user string, want int64) {
	t.Helper()
	page, err := store.Page(t.Context(), record.Query{UserID: user, Limit: 1})
	if err != nil || page.Total != want {
		t.Errorf("total %d, %v; want %d", page.Total, err, want)
	}
}
