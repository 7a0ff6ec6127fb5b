// What the fuzzer calls beside the unit tests' functions: a stranger's bytes in, without an allocation on either side.
import {
  ABSENT,
  EMPTY,
  PairsBuilder,
  Pairs,
  Span,
  addressOf,
  allocate,
  constant,
  indexOf,
  lengthOf,
  slice,
  span,
} from "as-proxy-wasm-sdk/assembly";
import { cookieValue } from "./bytes/cookies";
import { IpAddress } from "./bytes/ip";
import { compile } from "./config/compile";
import { Problems } from "./config/problems";
import { errorOffset } from "./json/parser";
import { CertificateNames } from "./peer/certificate";

const COOKIE = constant("cookie");
const LINE_FEED: u8 = 0x0a;
const URI: u8 = 0x75;
const DNS: u8 = 0x64;

/** Room for inputs that outlives callbacks. */
export function inputBuffer(size: usize): usize {
  return heap.alloc(size);
}

/** How far the last JSON document was read. */
export function jsonOffset(): usize {
  return errorOffset;
}

/** A cookie's value in header values, which are separated by line feeds. */
export function cookie(address: usize, length: usize, nameAddress: usize, nameLength: usize): Span {
  const builder = new PairsBuilder();
  let rest = span(address, length);
  while (true) {
    const end = indexOf(rest, LINE_FEED, 0);
    builder.add(COOKIE, end < 0 ? rest : slice(rest, 0, end));
    if (end < 0) break;
    rest = slice(rest, end + 1, lengthOf(rest));
  }
  const headers = new Pairs();
  if (!headers.parse(builder.serialize())) return ABSENT;
  return cookieValue(headers, span(nameAddress, nameLength));
}

/** The version of an IP address; 0 when the text is none. */
export function ipVersion(address: usize, length: usize): i32 {
  const ip = new IpAddress();
  return ip.parse(span(address, length)) ? ip.version : 0;
}

/** The names in a certificate, each with `u` or `d` in front and a NUL behind; ABSENT when it is refused. */
export function certificateNames(address: usize, length: usize): Span {
  const names = new CertificateNames();
  if (!names.read(span(address, length))) return ABSENT;
  let size: usize = 0;
  for (let i = 0; i < names.uris.length; i++) size += lengthOf(names.uris[i]) + 2;
  for (let i = 0; i < names.hosts.length; i++) size += lengthOf(names.hosts[i]) + 2;
  if (size == 0) return EMPTY;
  const out = allocate(size);
  if (out == 0) return ABSENT;
  let to = out;
  for (let i = 0; i < names.uris.length; i++) to = putName(to, URI, names.uris[i]);
  for (let i = 0; i < names.hosts.length; i++) to = putName(to, DNS, names.hosts[i]);
  return span(out, size);
}

function putName(to: usize, kind: u8, name: Span): usize {
  store<u8>(to, kind);
  memory.copy(to + 1, addressOf(name), lengthOf(name));
  store<u8>(to + 1 + lengthOf(name), 0);
  return to + 2 + lengthOf(name);
}

/** How many things are wrong with a configuration. */
export function configurationProblems(address: usize, length: usize): i32 {
  const problems = new Problems();
  const compiled = compile(span(address, length), problems);
  return compiled === null ? max(problems.count, 1) : 0;
}
