// A module that does what it is told, and logs what the host answers: one script of commands, run in Envoy and in the Node
// host, gives two transcripts that must be equal. It calls the host directly, so that nothing smooths over a surprise.
import "as-proxy-wasm-sdk/assembly/abi/abort";
import {
  proxy_add_header_map_value,
  proxy_call_foreign_function,
  proxy_close_stream,
  proxy_continue_stream,
  proxy_define_metric,
  proxy_get_buffer_bytes,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_get_log_level,
  proxy_get_metric,
  proxy_get_property,
  proxy_get_shared_data,
  proxy_http_call,
  proxy_increment_metric,
  proxy_log,
  proxy_record_metric,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_send_local_response,
  proxy_set_effective_context,
  proxy_set_property,
  proxy_set_shared_data,
  proxy_set_tick_period_milliseconds,
} from "as-proxy-wasm-sdk/assembly/abi/imports";

const WARN: u32 = 3;
const NO_GRPC: i32 = -1;
const PLUGIN_CONFIGURATION: u32 = 7;
const OUT: usize = memory.data(16);

/** Commands for the next answer to a callout, and for the next tick. */
let onAnswer: string = "";
let onTick: string = "";
/** The stream that was paused last, and the root that was configured last. */
let paused: u32 = 0;
let root: u32 = 0;
/** What the running callback returns. */
let pause: bool = false;
let accept: bool = true;

// A word of a command, as bytes: `+` stands for a blank, `~` for nothing.
class Bytes {
  buffer: ArrayBuffer;
  constructor(word: string) {
    const text = word == "~" ? "" : word.split("+").join(" ").split("%0").join("\0");
    this.buffer = String.UTF8.encode(text);
  }
  get at(): usize {
    return changetype<usize>(this.buffer);
  }
  get size(): i32 {
    return this.buffer.byteLength;
  }
}

function say(text: string): void {
  const bytes = String.UTF8.encode(text);
  proxy_log(WARN, changetype<usize>(bytes), bytes.byteLength);
}

function given(status: u32): string {
  return status == 0
    ? " [" + String.UTF8.decodeUnsafe(load<u32>(OUT), load<u32>(OUT, 4)) + "]"
    : "";
}

function givenHex(status: u32): string {
  if (status != 0) return "";
  let text = " ";
  const at = load<u32>(OUT);
  for (let i: u32 = 0; i < load<u32>(OUT, 4); i++) {
    text += (load<u8>(at + i) >> 4).toString(16) + (load<u8>(at + i) & 15).toString(16);
  }
  return text;
}

function fromHex(word: string): ArrayBuffer {
  const bytes = new Uint8Array(word == "~" ? 0 : word.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = <u8>parseInt(word.substr(i * 2, 2), 16);
  }
  return bytes.buffer;
}

function idOf(word: string): u32 {
  if (word == "paused") return paused;
  return word == "root" ? root : <u32>parseInt(word);
}

function run(id: u32, script: string): void {
  const commands = script.split(";");
  for (let i = 0; i < commands.length; i++) {
    const command = commands[i].trim();
    if (command.length > 0) say(command.substr(0, 40) + " -> " + perform(id, command.split(" ")));
  }
}

function perform(id: u32, words: string[]): string {
  const name = words[0];
  const a = new Bytes(words.length > 1 ? words[1] : "~");
  const b = new Bytes(words.length > 2 ? words[2] : "~");
  const first = words.length > 1 ? words[1] : "";
  const second = words.length > 2 ? words[2] : "0";
  const third = words.length > 3 ? words[3] : "0";
  let status: u32 = 0;
  if (name == "get") {
    status = proxy_get_header_map_value(0, a.at, a.size, OUT, OUT + 4);
    return status.toString() + given(status);
  }
  if (name == "answer-header") {
    status = proxy_get_header_map_value(6, a.at, a.size, OUT, OUT + 4);
    return status.toString() + given(status);
  }
  if (name == "pairs") return pairs();
  if (name == "add") return proxy_add_header_map_value(0, a.at, a.size, b.at, b.size).toString();
  if (name == "replace") {
    return proxy_replace_header_map_value(0, a.at, a.size, b.at, b.size).toString();
  }
  if (name == "remove") return proxy_remove_header_map_value(0, a.at, a.size).toString();
  if (name == "property") {
    status = proxy_get_property(a.at, a.size, OUT, OUT + 4);
    return status.toString() + givenHex(status);
  }
  if (name == "set-property") return proxy_set_property(a.at, a.size, b.at, b.size).toString();
  if (name == "reply") {
    const body = new Bytes(third);
    const code = <u32>parseInt(first);
    return proxy_send_local_response(
      code,
      b.at,
      b.size,
      body.at,
      body.size,
      0,
      0,
      NO_GRPC,
    ).toString();
  }
  if (name == "pause") {
    pause = true;
    paused = id;
    return "0";
  }
  if (name == "continue") return proxy_continue_stream(0).toString();
  if (name == "close") return proxy_close_stream(0).toString();
  if (name == "effective") return proxy_set_effective_context(idOf(first)).toString();
  if (name == "tick") return proxy_set_tick_period_milliseconds(<u32>parseInt(first)).toString();
  if (name == "on-tick") {
    onTick = words.slice(1).join(" ").split(",").join(";");
    return "0";
  }
  if (name == "on-answer") {
    onAnswer = words.slice(1).join(" ").split(",").join(";");
    return "0";
  }
  if (name == "call") return call(a, b, <u32>parseInt(third));
  if (name == "buffer") {
    status = proxy_get_buffer_bytes(
      <u32>parseInt(first),
      <u32>parseInt(second),
      <u32>parseInt(third),
      OUT,
      OUT + 4,
    );
    return status.toString() + given(status);
  }
  if (name == "share") {
    return proxy_set_shared_data(a.at, a.size, b.at, b.size, <u32>parseInt(third)).toString();
  }
  if (name == "shared") {
    status = proxy_get_shared_data(a.at, a.size, OUT, OUT + 4, OUT + 8);
    return (
      status.toString() + given(status) + (status == 0 ? " " + load<u32>(OUT, 8).toString() : "")
    );
  }
  if (name == "define") {
    status = proxy_define_metric(<u32>parseInt(second), a.at, a.size, OUT);
    // The number itself is the host's own business; the next commands take the last one.
    return status.toString();
  }
  const metric = load<u32>(OUT);
  if (name == "increment") return proxy_increment_metric(metric, <i64>parseInt(first)).toString();
  if (name == "record") return proxy_record_metric(metric, <u64>parseInt(first)).toString();
  if (name == "metric") {
    status = proxy_get_metric(metric, OUT + 8);
    return status.toString() + (status == 0 ? " " + load<u64>(OUT, 8).toString() : "");
  }
  if (name == "no-increment") return proxy_increment_metric(9999, 1).toString();
  if (name == "no-metric") return proxy_get_metric(9999, OUT + 8).toString();
  if (name == "foreign") {
    const argument = fromHex(words.length > 2 ? words[2] : "~");
    const at = changetype<usize>(argument);
    status = proxy_call_foreign_function(a.at, a.size, at, argument.byteLength, OUT, OUT + 4);
    return status.toString() + givenHex(status);
  }
  if (name == "level") return proxy_get_log_level(OUT).toString() + " " + load<u32>(OUT).toString();
  if (name == "whisper") return proxy_log(1, a.at, a.size).toString();
  if (name == "refuse") {
    accept = false;
    return "0";
  }
  if (name == "trap") unreachable();
  return "no such command";
}

/** The request's headers that begin with `x-p`, in their order. */
function pairs(): string {
  const status = proxy_get_header_map_pairs(0, OUT, OUT + 4);
  let text = status.toString();
  if (status != 0) return text;
  const at = load<u32>(OUT);
  const count = load<u32>(at);
  let data = at + 4 + count * 8;
  for (let i: u32 = 0; i < count; i++) {
    const nameSize = load<u32>(at + 4 + i * 8);
    const valueSize = load<u32>(at + 8 + i * 8);
    const name = String.UTF8.decodeUnsafe(data, nameSize);
    const value = String.UTF8.decodeUnsafe(data + nameSize + 1, valueSize);
    if (name.startsWith("x-p")) text += " " + name + "=[" + value + "]";
    data += nameSize + valueSize + 2;
  }
  return text;
}

function call(cluster: Bytes, path: Bytes, timeout: u32): string {
  const headers = encodePairs([
    ":method",
    "GET",
    ":path",
    String.UTF8.decode(path.buffer),
    ":authority",
    "a",
  ]);
  const at = changetype<usize>(headers);
  const status = proxy_http_call(
    cluster.at,
    cluster.size,
    at,
    headers.byteLength,
    0,
    0,
    0,
    0,
    timeout,
    OUT,
  );
  return status.toString() + (status == 0 ? " token" : "");
}

function encodePairs(words: string[]): ArrayBuffer {
  const count = words.length / 2;
  let size = 4 + count * 8;
  for (let i = 0; i < words.length; i++) size += words[i].length + 1;
  const bytes = new ArrayBuffer(size);
  const at = changetype<usize>(bytes);
  store<u32>(at, count);
  let data = at + 4 + count * 8;
  for (let i = 0; i < words.length; i++) {
    store<u32>(at + 4 + i * 4, words[i].length);
    String.UTF8.encodeUnsafe(changetype<usize>(words[i]), words[i].length, data, false);
    data += words[i].length + 1;
  }
  return bytes;
}

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: u32): usize {
  return heap.alloc(size);
}

export function proxy_on_context_create(id: u32, parent: u32): void {
  say("on_context_create " + id.toString() + " " + parent.toString());
}

export function proxy_on_vm_start(id: u32, size: u32): bool {
  say("on_vm_start " + id.toString() + " " + size.toString());
  return true;
}

export function proxy_on_configure(id: u32, size: u32): bool {
  say("on_configure " + id.toString() + " " + size.toString());
  accept = true;
  root = id;
  if (proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, OUT, OUT + 4) == 0) {
    run(id, String.UTF8.decodeUnsafe(load<u32>(OUT), load<u32>(OUT, 4)));
  }
  return accept;
}

export function proxy_on_tick(id: u32): void {
  say("on_tick " + id.toString());
  // Once is enough to see that it comes.
  proxy_set_tick_period_milliseconds(0);
  run(id, onTick);
}

export function proxy_on_request_headers(id: u32, count: u32, end: u32): u32 {
  say("on_request_headers " + id.toString());
  pause = false;
  const name = new Bytes("x-do");
  if (proxy_get_header_map_value(0, name.at, name.size, OUT, OUT + 4) == 0) {
    run(id, String.UTF8.decodeUnsafe(load<u32>(OUT), load<u32>(OUT, 4)));
  }
  return pause ? 1 : 0;
}

export function proxy_on_http_call_response(
  id: u32,
  token: u32,
  headers: u32,
  body: u32,
  trailers: u32,
): void {
  say(
    "on_http_call_response " +
      id.toString() +
      " body " +
      body.toString() +
      " trailers " +
      trailers.toString(),
  );
  run(id, onAnswer);
}

export function proxy_on_done(id: u32): bool {
  say("on_done " + id.toString());
  return true;
}

export function proxy_on_log(id: u32): void {
  say("on_log " + id.toString());
}

export function proxy_on_delete(id: u32): void {
  say("on_delete " + id.toString());
}
