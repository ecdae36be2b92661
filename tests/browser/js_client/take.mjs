// Drives the real @fal-ai/client through one take against a stand-in; prints one JSON object of what the client saw.
//
// Reads an order from stdin: {base, key, endpoint, input, files: {param: {path, type}}, upload: "storage" | "input",
// follow: "stream" | "subscribe"}. Never lets a request go anywhere but to `base`.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { createFalClient } from "@fal-ai/client";

const order = JSON.parse(await readStdin());
const meant = new Set();
const fal = createFalClient({
  credentials: order.key,
  requestMiddleware: async (request) => ({ ...request, url: toStandin(request.url) }),
  fetch: guardedFetch,
  retry: { maxRetries: 0 },
});

const input = { ...order.input, ...(await readFiles()) };
const seen = order.follow === "subscribe" ? await subscribe() : await submitAndStream();
console.log(JSON.stringify({ ...seen, input, hosts: [...meant].sort() }));

async function submitAndStream() {
  const ticket = await fal.queue.submit(order.endpoint, { input });
  const requestId = ticket.request_id;
  const stream = await fal.queue.streamStatus(order.endpoint, { requestId, logs: true });
  const updates = [];
  for await (const update of stream) updates.push(update);
  const last = await stream.done();
  return { ticket, updates, last, ...(await settled(fal.queue.result(order.endpoint, { requestId }))) };
}

async function subscribe() {
  const updates = [];
  const onQueueUpdate = (update) => updates.push(structuredClone(update));
  const options = { input, mode: "streaming", logs: true, onQueueUpdate };
  const outcome = await settled(fal.subscribe(order.endpoint, options));
  return { updates, last: updates.at(-1), ...outcome };
}

async function settled(promise) {
  try {
    return { result: await promise };
  } catch (error) {
    const { name, status, body, requestId, fieldErrors } = error;
    return { error: { name, message: error.message, status, body, requestId, fieldErrors } };
  }
}

async function readFiles() {
  const values = {};
  for (const [param, { path, type }] of Object.entries(order.files ?? {})) {
    const file = new File([await readFile(path)], basename(path), { type });
    values[param] = order.upload === "input" ? file : await fal.storage.upload(file);
  }
  return values;
}

function toStandin(url) {
  const { origin, pathname, search } = new URL(url);
  meant.add(origin);
  return order.base + pathname + search;
}

function guardedFetch(url, options) {
  if (!String(url).startsWith(`${order.base}/`)) throw new Error(`${url} is not the stand-in`);
  return fetch(url, options);
}

async function readStdin() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
