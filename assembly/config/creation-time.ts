// `metadata.creationTimestamp`, as Kubernetes writes it: RFC 3339, whole seconds (k8s.io/apimachinery, metav1.Time).
import { Span, byteAt, constant, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { Kind, Node, kindOf, member, textOf } from "../json/tape";
import { Problems } from "./problems";

const METADATA = constant("metadata");
const CREATION_TIMESTAMP = constant("creationTimestamp");

/** No time is given. */
export const NO_TIME: i64 = i64.MIN_VALUE;

/** When a resource was created, in milliseconds since the Unix epoch; NO_TIME when it does not say. */
export function creationTimeOf(metadata: Node, problems: Problems): i64 {
  const node = member(metadata, CREATION_TIMESTAMP);
  if (kindOf(node) == Kind.None || kindOf(node) == Kind.Null) return NO_TIME;
  const time = kindOf(node) == Kind.String ? parseTime(textOf(node)) : NO_TIME;
  if (time == NO_TIME) {
    problems.enter(METADATA);
    problems.addAt(CREATION_TIMESTAMP, 'must be a time such as "2026-01-31T12:00:00Z"');
    problems.leave();
  }
  return time;
}

/** `YYYY-MM-DDThh:mm:ss` and `Z` or an offset. */
function parseTime(text: Span): i64 {
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 2);
  const day = digitsAt(text, 8, 2);
  const hour = digitsAt(text, 11, 2);
  const minute = digitsAt(text, 14, 2);
  const second = digitsAt(text, 17, 2);
  const isSound =
    year >= 0 &&
    byteAt(text, 4) == 0x2d &&
    month >= 1 &&
    month <= 12 &&
    byteAt(text, 7) == 0x2d &&
    day >= 1 &&
    day <= 31 &&
    byteAt(text, 10) == 0x54 &&
    hour >= 0 &&
    hour <= 23 &&
    byteAt(text, 13) == 0x3a &&
    minute >= 0 &&
    minute <= 59 &&
    byteAt(text, 16) == 0x3a &&
    second >= 0 &&
    second <= 59;
  if (!isSound) return NO_TIME;
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  if (byteAt(text, 19) == 0x5a && lengthOf(text) == 20) return local;
  const sign = byteAt(text, 19);
  const hours = digitsAt(text, 20, 2);
  const minutes = digitsAt(text, 23, 2);
  const hasOffset =
    (sign == 0x2b || sign == 0x2d) &&
    hours >= 0 &&
    byteAt(text, 22) == 0x3a &&
    minutes >= 0 &&
    lengthOf(text) == 25;
  if (!hasOffset) return NO_TIME;
  const offset: i64 = (hours * 60 + minutes) * 60_000;
  return sign == 0x2b ? local - offset : local + offset;
}

/** A number of so many digits, or -1. */
function digitsAt(text: Span, at: usize, count: usize): i32 {
  let value: i32 = 0;
  for (let i = at; i < at + count; i++) {
    const digit = byteAt(text, i) - 0x30;
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
