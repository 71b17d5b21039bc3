//go:build whisper

// The C side of package whisper: what needs C callbacks or would take one cgo
// crossing a token in Go.

#ifndef STENOMESH_BINDING_H
#define STENOMESH_BINDING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <whisper.h>
#include <ggml-backend.h>

// A session is one state, the flag that stops the call running on it, and what
// that call has found so far.
struct session {
    struct whisper_context * context;
    struct whisper_state   * state;
    atomic_bool              aborted;
    int                      threads;
    int                      encoded;    // encoder runs begun
    float                    no_speech;  // of the window, after its first run
};

// How to decode; see Options. language must be known to whisper_lang_id.
struct decode_options {
    const char * language;
    const char * prompt;
    bool         translate;
    float        temperature;
    int          beam_size;
    int          threads;
};

// Times are in hundredths of a second from the start of the window.
struct decoded_segment {
    int64_t t0, t1;
    int     first_token, token_count;
};

// text_from and text_size give the token's bytes in decoded.text.
struct decoded_token {
    float   p, plog;
    size_t  text_from, text_size;
};

// Everything one call said, in flat arrays that decoded_free releases.
// Tokens without text (timestamps, end of text) are left out.
struct decoded {
    struct decoded_segment * segments;
    struct decoded_token   * tokens;
    char                   * text;
    int                      segment_count, token_count;
    float                    no_speech;  // probability of the window
};

// Returned by session_decode besides libwhisper's codes when the copy of the
// results could not be allocated, and libwhisper's own for a KV cache that could
// not: it has then freed the state.
enum { DECODE_NO_MEMORY = -100, DECODE_STATE_LOST = -7 };

struct session * session_new(struct whisper_context * context);
void session_free(struct session * session);
// session_abort may be called from any thread.
void session_abort(struct session * session);
void session_rearm(struct session * session);

int session_decode(struct session * session, const struct decode_options * options,
                   const float * samples, int count, struct decoded * result);
void decoded_free(struct decoded * result);

// Fills probabilities, whisper_lang_max_id() + 1 long. Negative on error.
int session_detect(struct session * session, const float * samples, int count,
                   int threads, float * probabilities);

// Tokens of a prompt that the decoder can heed: half of its memory, but for the
// one that stands before them.
int prompt_room(struct whisper_context * context);
// Tokens of a text; of a very long one as many as are counted, which is more than
// there is room for.
int prompt_tokens(struct whisper_context * context, const char * text);

// Sends libwhisper's and ggml's log lines of at least this level to Go.
void log_to_go(int level);

// Makes the C heap give the buffers of a freed state back to the system. By
// default each of Go's threads would keep those of the states it has freed.
void return_freed_memory(void);

// Folder of the shared library that ggml was loaded from, NULL if unknown; to be
// freed by the caller.
char * ggml_folder(void);

#endif
