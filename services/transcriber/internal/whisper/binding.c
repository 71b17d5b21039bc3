//go:build whisper

#define _GNU_SOURCE
#include "binding.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "_cgo_export.h"

struct session * session_new(struct whisper_context * context) {
    struct session * session = calloc(1, sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    session->context = context;
    session->state   = whisper_init_state(context);
    if (session->state == NULL) {
        free(session);
        return NULL;
    }
    return session;
}

void session_free(struct session * session) {
    if (session->state != NULL) {
        whisper_free_state(session->state);
    }
    free(session);
}

void session_abort(struct session * session) { atomic_store(&session->aborted, true); }
void session_rearm(struct session * session) { atomic_store(&session->aborted, false); }

static bool is_aborted(void * data) {
    return atomic_load(&((struct session *) data)->aborted);
}

// Measures the probability that the window, as last encoded, holds no speech:
// that of the token which says so right after the start token. libwhisper's own
// figure is read from a row of logits that an earlier call has left in the state
// (ggml-org/whisper.cpp pull request 3945), so it is neither right nor repeatable.
static float no_speech_probability(struct session * session) {
    const whisper_token start = whisper_token_sot(session->context);
    if (whisper_decode_with_state(session->context, session->state, &start, 1, 0, session->threads) != 0) {
        return 0.0f;
    }
    const float * logits = whisper_get_logits_from_state(session->state);
    const int     count  = whisper_n_vocab(session->context);
    float         top    = logits[0];
    for (int i = 1; i < count; i++) {
        top = fmaxf(top, logits[i]);
    }
    double sum = 0.0;
    for (int i = 0; i < count; i++) {
        sum += exp((double) (logits[i] - top));
    }
    return (float) (exp((double) (logits[whisper_token_nosp(session->context)] - top)) / sum);
}

// Called before an encoder run; the abort callback is asked only after it. A
// second run would overwrite what the first has heard.
static bool before_encoding(struct whisper_context * context, struct whisper_state * state, void * data) {
    (void) context;
    (void) state;
    struct session * session = data;
    if (is_aborted(session)) {
        return false;
    }
    if (session->encoded++ == 1) {
        session->no_speech = no_speech_probability(session);
    }
    return true;
}

static struct whisper_full_params full_params(struct session * session, const struct decode_options * options) {
    struct whisper_full_params params = whisper_full_default_params(
        options->beam_size > 1 ? WHISPER_SAMPLING_BEAM_SEARCH : WHISPER_SAMPLING_GREEDY);

    params.beam_search.beam_size = options->beam_size;
    params.greedy.best_of        = options->beam_size;
    params.n_threads             = options->threads;
    params.language              = options->language;
    params.translate             = options->translate;
    params.initial_prompt        = options->prompt;
    params.temperature           = options->temperature;

    params.temperature_inc  = 0.0f;  // no fallback: a second decode is the caller's decision
    params.no_context       = true;  // nothing of an earlier call, which may be another user's
    params.suppress_nst     = true;
    params.no_speech_thold  = 2.0f;  // never: see no_speech_probability
    params.print_progress   = false;
    params.print_timestamps = false;

    params.abort_callback                   = is_aborted;
    params.abort_callback_user_data         = session;
    params.encoder_begin_callback           = before_encoding;
    params.encoder_begin_callback_user_data = session;
    return params;
}

static void count_results(struct session * session, int * tokens, size_t * bytes) {
    const whisper_token end = whisper_token_eot(session->context);
    *tokens = 0;
    *bytes  = 0;
    for (int i = 0; i < whisper_full_n_segments_from_state(session->state); i++) {
        for (int j = 0; j < whisper_full_n_tokens_from_state(session->state, i); j++) {
            const whisper_token id = whisper_full_get_token_id_from_state(session->state, i, j);
            if (id < end) {
                *tokens += 1;
                *bytes  += strlen(whisper_token_to_str(session->context, id));
            }
        }
    }
}

static void copy_tokens(struct session * session, int segment, struct decoded * result, size_t * used) {
    const whisper_token end = whisper_token_eot(session->context);
    for (int j = 0; j < whisper_full_n_tokens_from_state(session->state, segment); j++) {
        const whisper_token_data data = whisper_full_get_token_data_from_state(session->state, segment, j);
        if (data.id >= end) {
            continue;
        }
        const char * text = whisper_token_to_str(session->context, data.id);
        const size_t size = strlen(text);
        memcpy(result->text + *used, text, size);
        result->tokens[result->token_count++] = (struct decoded_token) {
            .p = data.p, .plog = data.plog,
            .text_from = *used, .text_size = size,
        };
        *used += size;
    }
}

static int copy_results(struct session * session, struct decoded * result) {
    const int count = whisper_full_n_segments_from_state(session->state);
    int       tokens;
    size_t    bytes, used = 0;
    count_results(session, &tokens, &bytes);

    // One more than needed: an empty allocation may be NULL.
    result->segments = calloc((size_t) count + 1, sizeof *result->segments);
    result->tokens   = calloc((size_t) tokens + 1, sizeof *result->tokens);
    result->text     = malloc(bytes + 1);
    if (result->segments == NULL || result->tokens == NULL || result->text == NULL) {
        decoded_free(result);
        return DECODE_NO_MEMORY;
    }
    for (int i = 0; i < count; i++) {
        struct decoded_segment * segment = &result->segments[result->segment_count++];
        segment->t0          = whisper_full_get_segment_t0_from_state(session->state, i);
        segment->t1          = whisper_full_get_segment_t1_from_state(session->state, i);
        segment->first_token = result->token_count;
        copy_tokens(session, i, result, &used);
        segment->token_count = result->token_count - segment->first_token;
    }
    return 0;
}

int session_decode(struct session * session, const struct decode_options * options,
                   const float * samples, int count, struct decoded * result) {
    memset(result, 0, sizeof *result);
    session->threads = options->threads;
    session->encoded = 0;
    const int code = whisper_full_with_state(
        session->context, session->state, full_params(session, options), samples, count);
    if (code == DECODE_STATE_LOST) {
        session->state = NULL;
    }
    if (code != 0) {
        return code;
    }
    if (session->encoded == 1) {
        session->no_speech = no_speech_probability(session);
    }
    result->no_speech = session->no_speech;
    return copy_results(session, result);
}

void decoded_free(struct decoded * result) {
    free(result->segments);
    free(result->tokens);
    free(result->text);
    memset(result, 0, sizeof *result);
}

int session_detect(struct session * session, const float * samples, int count,
                   int threads, float * probabilities) {
    const int code = whisper_pcm_to_mel_with_state(session->context, session->state, samples, count, threads);
    if (code != 0) {
        return -1;
    }
    return whisper_lang_auto_detect_with_state(session->context, session->state, 0, threads, probabilities);
}

int prompt_room(struct whisper_context * context) {
    return whisper_n_text_ctx(context) / 2 - 1;
}

int prompt_tokens(struct whisper_context * context, const char * text) {
    enum { MOST = 8192 };  // a token has a byte at least, and prompts are shorter
    whisper_token tokens[MOST];
    const int count = whisper_tokenize(context, text, tokens, MOST);
    return count < 0 ? -count : count;
}

static void log_line(enum ggml_log_level level, const char * text, void * data) {
    if ((int) level >= (int) (intptr_t) data && level != GGML_LOG_LEVEL_CONT) {
        whisperLogLine((int) level, (char *) text);
    }
}

void log_to_go(int level) {
    whisper_log_set(log_line, (void *) (intptr_t) level);
    ggml_log_set(log_line, (void *) (intptr_t) level);
}

void return_freed_memory(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 128 << 10);  // the default, but now it does not grow
#endif
}

char * ggml_folder(void) {
    Dl_info info;
    void * symbol = dlsym(RTLD_DEFAULT, "ggml_backend_load_all_from_path");
    if (symbol == NULL || dladdr(symbol, &info) == 0 || info.dli_fname == NULL) {
        return NULL;
    }
    const char * slash = strrchr(info.dli_fname, '/');
    return slash == NULL ? NULL : strndup(info.dli_fname, (size_t) (slash - info.dli_fname));
}
