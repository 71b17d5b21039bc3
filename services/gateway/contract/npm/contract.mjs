// Drives a mesh with OpenAI's own client: every format, words, streaming, errors,
// leaving. It starts a mesh of its own on a free port and removes what that wrote.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import OpenAI from "openai";

const root = path.resolve(import.meta.dirname, "../../../..");
const recording = () => createReadStream(path.join(root, "testdata/audio/en-01.flac"));

// startMesh resolves when the mesh serves.
function startMesh(data) {
  const mesh = spawn(path.join(root, "bin/stenomesh"), [
    "up", "-addr", "127.0.0.1:0", "-data", data, "-user", "contract:contract-secret", "-model-fallback", "demo", "-log-level", "warn",
  ], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => mesh.once("exit", resolve));
  const url = new Promise((resolve, reject) => {
    let said = "";
    mesh.once("error", reject);
    mesh.once("exit", (code) => reject(new Error(`the mesh ended with ${code}; is bin/ built?`)));
    mesh.stdout.on("data", (data) => {
      said += data;
      const found = said.match(/serves on (http:\/\/\S+)/);
      if (found) resolve(found[1]);
    });
  });
  return { url, stop: () => { mesh.kill("SIGTERM"); return ended; } };
}

async function login(url) {
  const answer = await fetch(`${url}/api/v1/auth/token`, {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: "contract", password: "contract-secret" }),
  });
  return (await answer.json()).access_token;
}

async function newest(url, key) {
  const answer = await fetch(`${url}/api/v1/user/history?limit=1`, { headers: { Authorization: `Bearer ${key}` } });
  return (await answer.json()).items[0];
}

async function contract(url) {
  const key = await login(url);
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  const transcribe = (more, options) =>
    client.audio.transcriptions.create({ file: recording(), model: "whisper-1", language: "en", ...more }, options);
  const check = async (name, story) => { await story(); console.log(`ok  ${name}`); };

  const { text } = await transcribe({});
  await check("json, with log probabilities", async () => {
    const got = await transcribe({ include: ["logprobs"], keywords: ["Nina", "station"], languages: ["en"] });
    assert.equal(got.logprobs.map((p) => p.token).join(""), got.text);
    assert.equal(got.usage.type, "duration");
  });
  await check("text, srt, vtt", async () => {
    assert.equal(await transcribe({ response_format: "text" }), `${text}\n`);
    assert.match(await transcribe({ response_format: "srt" }), /^1\n00:00:0/);
    assert.match(await transcribe({ response_format: "vtt" }), /^WEBVTT\n\n00:00:0/);
  });
  await check("verbose_json, with words and segments", async () => {
    const got = await transcribe({
      response_format: "verbose_json", timestamp_granularities: ["word", "segment"],
      chunking_strategy: { type: "server_vad", threshold: 0.4 },
    });
    assert.equal(got.language, "english");
    assert.equal(got.words.map((w) => w.word).join(" "), text);
    assert.equal(got.segments.map((s) => s.text).join(""), ` ${text}`);
  });
  await check("diarized_json", async () => {
    const got = await transcribe({
      model: "gpt-4o-transcribe-diarize", response_format: "diarized_json", chunking_strategy: "auto",
      known_speaker_names: ["Nina"], known_speaker_references: ["data:audio/wav;base64,UklGRg=="],
    });
    assert.equal(got.text, `Nina: ${text}`);
    assert.equal(got.segments[0].speaker, "Nina");
  });
  await check("stream", async () => {
    let pieces = "", done;
    for await (const event of await transcribe({ stream: true, model: "gpt-4o-transcribe" })) {
      if (event.type === "transcript.text.delta") pieces += event.delta;
      if (event.type === "transcript.text.done") done = event.text;
    }
    assert.equal(pieces, text);
    assert.equal(done, text);
  });
  await check("translation", async () => {
    const got = await client.audio.translations.create({ file: recording(), model: "whisper-1", response_format: "verbose_json" });
    assert.equal(got.language, "english");
  });
  await check("models", async () => {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes("whisper-1"));
    assert.equal((await client.models.retrieve("whisper-1")).object, "model");
  });
  await check("errors", async () => {
    await assert.rejects(transcribe({ model: "gpt-9" }), (e) => e instanceof OpenAI.NotFoundError && e.code === "model_not_found" && e.param === "model");
    await assert.rejects(transcribe({ temperature: 2 }), (e) => e instanceof OpenAI.BadRequestError && e.param === "temperature");
    const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-nothing", maxRetries: 0 });
    await assert.rejects(stranger.models.list(), (e) => e instanceof OpenAI.AuthenticationError && e.code === "invalid_api_key");
  });
  await check("leaving", async () => {
    const control = new AbortController();
    const left = assert.rejects(transcribe({ prompt: "leaving" }, { signal: control.signal }), OpenAI.APIUserAbortError);
    const before = (await newest(url, key)).task_id;
    for (let job = { task_id: before }; job.task_id === before;) job = await newest(url, key);
    control.abort();
    await left;
    for (let job = await newest(url, key); job.status !== "cancelled"; job = await newest(url, key)) {
      assert.notEqual(job.status, "completed", "the job went on");
    }
  });
}

const data = mkdtempSync(path.join(tmpdir(), "stenomesh-openai-"));
const mesh = startMesh(data);
try {
  await contract(await mesh.url);
} finally {
  await mesh.stop();
  rmSync(data, { recursive: true, force: true });
}
