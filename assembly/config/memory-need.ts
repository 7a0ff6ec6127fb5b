// What compiling a part of the configuration may take of the heap, reckoned before it is begun: a policy that is too large is refused,
// and takes nobody's memory. Upper bounds, garbage included; held against what is really taken by host-tests/module/memory.test.ts.
import { hasRoom, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { NODE_SIZE, Node, after, textOf } from "../json/tape";
import { Problems } from "./problems";

/** Bytes for what is made of any value, whatever its length: matchers, arrays, the texts on the way. */
const PER_VALUE: usize = 512;
/** Of an identity: several patterns each, and as many again for every alias of the trust domain. */
const PER_IDENTITY: usize = 2048;
const PER_TRUST_DOMAIN: usize = 512;
/** For every byte of a value: as UTF-16, in pieces, put together again, and kept. */
const PER_BYTE: usize = 16;
/** For what stands around the values. */
const BASE: usize = 64 * 1024;

/** Bytes that stay free for the requests to come, their connections, and the tokens that are remembered. */
const OPERATING_ROOM: usize = 16 * 1024 * 1024;
/** Bytes that filing a value in the index of rules takes. */
const PER_FILED_VALUE: usize = 160;

const TOO_MUCH =
  "not enough memory for this configuration beside what is in force: a worker's module has 256 MiB; make it smaller, or split it by workload";

/** Whether a part of the document can be compiled; if not, the problem is reported once, and nothing more should be. */
export function affords(part: Node, problems: Problems): bool {
  return grants(needOf(part, PER_VALUE, PER_BYTE), problems);
}

/** The same for values that are identities; `trustDomains`: how many names the trust domain has. */
export function affordsIdentities(part: Node, trustDomains: i32, problems: Problems): bool {
  const each = PER_IDENTITY + PER_TRUST_DOMAIN * <usize>trustDomains;
  return grants(needOf(part, each, PER_BYTE * (<usize>trustDomains + 1)), problems);
}

/** Whether so many values can be filed in an index of rules. */
export function affordsIndex(values: i32, problems: Problems): bool {
  return grants(<u64>values * PER_FILED_VALUE + BASE, problems);
}

/** Whether enough is left for requests once everything has been compiled. */
export function affordsOperation(problems: Problems): bool {
  return grants(OPERATING_ROOM, problems);
}

function grants(need: u64, problems: Problems): bool {
  if (problems.isOutOfMemory) return false;
  if (need < <u64>i32.MAX_VALUE && hasRoom(<usize>need)) return true;
  problems.outOfMemory(TOO_MUCH);
  return false;
}

function needOf(part: Node, perValue: usize, perByte: usize): u64 {
  const end = after(part);
  let bytes: u64 = 0;
  for (let node = part; node < end; node += NODE_SIZE) bytes += lengthOf(textOf(node));
  return (<u64>(end - part) / NODE_SIZE) * perValue + bytes * perByte + BASE;
}
